using System.Text.Json;
using System.Text.Unicode;
using Proximal.ChatTemplates;
using Proximal.Data;

namespace Proximal.Cli.Rows;

/// <summary>One row of the input: a JSON object, or what is wrong with it.</summary>
internal sealed class InputRow
{
    private const int MaxTokens = 1 << 24;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly JsonElement _root;
    private readonly string? _failure;

    private InputRow(long index, RawLine line, JsonElement root, string? failure)
    {
        Index = index;
        Line = line.Number;
        End = line.End;
        _root = root;
        _failure = failure;
    }

    /// <summary>Its place among the rows, from 0.</summary>
    public long Index { get; }

    /// <summary>Its line in the input, from 1.</summary>
    public long Line { get; }

    /// <summary>Bytes of the input up to its end.</summary>
    public long End { get; }

    /// <summary>The id as JSON text on one line; <c>null</c> when the row has none that can be read.</summary>
    public string Id => _root.ValueKind == JsonValueKind.Object && _root.TryGetProperty("id", out JsonElement id)
        ? OnOneLine(id.GetRawText())
        : "null";

    /// <summary>Reads a line. Never throws: a failure shows when the row's fields are asked for.</summary>
    public static InputRow Parse(RawLine line, long index)
    {
        if (line.IsTooLong)
        {
            return new(index, line, default, $"the line is longer than {RowReader.MaxLineBytes >> 20} MiB: split it");
        }

        ReadOnlyMemory<byte> bytes = line.Number == 1 && line.Bytes.Span.StartsWith("\uFEFF"u8) ? line.Bytes[3..] : line.Bytes;
        if (!Utf8.IsValid(bytes.Span))
        {
            return new(index, line, default, "the line is not UTF-8: convert the file");
        }

        try
        {
            return Checked(index, line, Named(JsonElement.Parse(bytes.Span, Strict)));
        }
        catch (InvalidOperationException)
        {
            return Nameless(index, line);
        }
        catch (JsonException failure)
        {
            return Broken(index, line, bytes, failure);
        }
    }

    /// <summary>A row that its file's reader refused.</summary>
    public static InputRow Refused(DataFileException refusal, long index) =>
        new(index, new RawLine(refusal.Line ?? 0, default, false, index), default, refusal.What);

    /// <summary>Throws unless the line is a JSON object.</summary>
    public void Require()
    {
        if (_failure is not null)
        {
            throw Error(_failure);
        }
    }

    public bool Has(string name) => _root.ValueKind == JsonValueKind.Object && _root.TryGetProperty(name, out _);

    /// <summary>A field that is a text.</summary>
    public string Text(string name)
    {
        JsonElement field = Field(name);
        if (field.ValueKind != JsonValueKind.String)
        {
            throw Error($"'{name}' is {KindOf(field)}: expected a text");
        }

        try
        {
            return field.GetString()!;
        }
        catch (InvalidOperationException failure)
        {
            throw Error($"'{name}' has half of a surrogate pair, which is no character: correct the \\u escape", failure);
        }
    }

    /// <summary>A field that is a list of token ids, at least one. Whether the model knows them is for the caller to check.</summary>
    public int[] Tokens(string name, bool allowEmpty = false)
    {
        JsonElement field = Field(name);
        if (field.ValueKind != JsonValueKind.Array)
        {
            throw Error($"'{name}' is {KindOf(field)}: expected a list of token ids");
        }

        int count = field.GetArrayLength();
        if (count > MaxTokens || (count == 0 && !allowEmpty))
        {
            throw Error(count == 0 ? $"'{name}' is empty: expected at least one token id" : $"'{name}' has {count} token ids: split the row");
        }

        int[] tokens = new int[count];
        int i = 0;
        foreach (JsonElement item in field.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out tokens[i]))
            {
                throw Error($"'{name}[{i}]' is {(item.ValueKind == JsonValueKind.Number ? item.GetRawText() : KindOf(item))}: expected a token id");
            }

            i++;
        }

        return tokens;
    }

    /// <summary>The conversation in the row's `messages`, with its `tools`, `documents` and `chat_template_kwargs`.</summary>
    /// <param name="answers">The assistant is to speak next: its turn is opened, or its last message continued.</param>
    public ChatRequest Conversation(bool answers)
    {
        JsonElement messages = Field(ChatMessages.DefaultField);
        string? problem = ChatMessages.ProblemOf(messages) is { } wrong ? $"'{ChatMessages.DefaultField}' {wrong}" : ChatMessages.ProblemOfRow(_root);
        if (problem is not null)
        {
            throw Error(problem);
        }

        bool continues = answers && ChatMessages.IsAssistants(messages[messages.GetArrayLength() - 1]);
        return ChatMessages.Request(_root, messages) with
        {
            AddGenerationPrompt = answers && !continues,
            ContinueFinalMessage = continues,
        };
    }

    /// <summary>The error of this row, with its line.</summary>
    public RowException Error(string what, Exception? inner = null) => new($"line {Line}: {what}", inner);

    private static InputRow Checked(long index, RawLine line, JsonElement root) => new(
        index, line, root, root.ValueKind == JsonValueKind.Object ? null : $"the line is {KindOf(root)}: expected a JSON object");

    /// <summary>Throws where the name of a field is no text: looking for any field would.</summary>
    private static JsonElement Named(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Object)
        {
            _ = root.EnumerateObject().Count(field => field.Name.Length > 0);
        }

        return root;
    }

    private static InputRow Nameless(long index, RawLine line) =>
        new(index, line, default, "the name of a field holds half a surrogate pair: repair the \\u escape");

    /// <summary>A row that is JSON but for a name given twice still has an id to answer to.</summary>
    private static InputRow Broken(long index, RawLine line, ReadOnlyMemory<byte> bytes, JsonException failure)
    {
        try
        {
            JsonElement lenient = Named(JsonElement.Parse(bytes.Span));
            return new(index, line, lenient, $"a name is given twice in one object ({FirstSentence(failure)}): keep one of them");
        }
        catch (InvalidOperationException)
        {
            return Nameless(index, line);
        }
        catch (JsonException)
        {
            return new(index, line, default, $"not valid JSON at byte {failure.BytePositionInLine + 1} ({FirstSentence(failure)}): write one JSON object a line");
        }
    }

    private static string FirstSentence(JsonException failure)
    {
        string text = failure.Message;
        int end = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];
        int path = text.IndexOf(" Path:", StringComparison.Ordinal);
        return (path < 0 ? text : text[..path]).TrimEnd('.');
    }

    private JsonElement Field(string name)
    {
        Require();
        return _root.TryGetProperty(name, out JsonElement field) ? field : throw Error($"'{name}' is missing: add it");
    }

    private static string KindOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "a text",
        JsonValueKind.Array => "a list",
        _ => "an object",
    };

    /// <summary>Line ends and tabs in JSON stand only between values.</summary>
    private static string OnOneLine(string json) => json.Replace('\r', ' ').Replace('\t', ' ');
}
