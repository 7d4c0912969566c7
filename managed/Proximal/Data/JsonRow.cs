using System.Globalization;
using System.Text.Json;
using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>One object of a data file, and where it stands; its readers name file, line, field and the fix.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line the object starts in, from 1.</param>
/// <param name="Object">The object.</param>
internal readonly record struct JsonRow(string File, int Line, JsonElement Object)
{
    /// <summary>The row is of a file whose values are all texts: one that is a number will do where a number is wanted.</summary>
    public bool IsUntyped { get; init; }

    /// <summary>The object as the file has it, where <see cref="Object"/> was made from it; <see langword="null"/>: that is it.</summary>
    public JsonElement? Original { get; init; }

    /// <summary>A JSON value from text.</summary>
    public static JsonElement Parse(string path, int line, string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new DataFileException(
                path, line, $"the line is not JSON (byte {exception.BytePositionInLine}): expected one object a line", exception);
        }
    }

    /// <summary>The row of a value, which must be an object.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="line">The line or element, from 1.</param>
    /// <param name="value">The value.</param>
    /// <param name="example">A row as it should be, for the message.</param>
    public static JsonRow Of(string path, int line, JsonElement value, string example)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new DataFileException(path, line, $"expected a JSON object such as {example}, got a JSON {Kind(value)}");
        }

        try
        {
            // A name that is no text fails wherever fields are looked for, so it is looked at here.
            _ = value.EnumerateObject().Count(property => property.Name.Length > 0);
            return new JsonRow(path, line, value);
        }
        catch (InvalidOperationException exception)
        {
            throw new DataFileException(path, line, "a field's name holds half a surrogate pair: repair the \\u escape", exception);
        }
    }

    /// <summary>What a JSON value is, in the words of a message.</summary>
    public static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Null => "null",
        JsonValueKind.Number => "number",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };

    /// <summary>Whether the row has a field that is not null.</summary>
    public bool Has(string field) =>
        Object.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A text that must be there.</summary>
    /// <param name="field">Its field.</param>
    /// <param name="what">What it is, as in "the prompt's text".</param>
    /// <param name="empty">It may be empty.</param>
    public string Text(string field, string what, bool empty = false)
    {
        JsonElement value = Field(field);
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Wrong($"the field '{field}' is a JSON {Kind(value)}: expected a string, {what}", field);
        }

        string text = Decode(field, value);
        return text.Length > 0 || empty
            ? text
            : throw Wrong($"the field '{field}' is empty: give it {what} or drop the row", field);
    }

    /// <summary>A text, empty where the field is missing or null.</summary>
    public string Optional(string field) => Has(field) ? Text(field, "a text", empty: true) : string.Empty;

    /// <summary>A truth value; <see langword="null"/>: the field is missing or something else.</summary>
    public bool? Truth(string field) => !Object.TryGetProperty(field, out JsonElement value) ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String when IsUntyped && bool.TryParse(TextOf(value), out bool truth) => truth,
        _ => null,
    };

    /// <summary>Whether a field is a text.</summary>
    public bool IsText(string field) => Object.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>Whether a field is a list, as conversations are.</summary>
    public bool IsList(string field) => Object.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Array;

    /// <summary>A list of messages that must be there.</summary>
    /// <param name="field">Its field.</param>
    public JsonElement Messages(string field)
    {
        JsonElement messages = Field(field);
        return ChatMessages.ProblemOf(messages) is { } problem ? throw Wrong($"the field '{field}' {problem}", field) : messages;
    }

    /// <summary>The conversation of some messages, with the row's tools, documents and variables.</summary>
    public ChatRequest Conversation(JsonElement messages) =>
        ChatMessages.ProblemOfRow(Object) is { } problem ? throw Wrong(problem) : ChatMessages.Request(Object, messages);

    /// <summary>A finite number; 0 when the field is missing or null.</summary>
    public double Number(string field)
    {
        if (!Has(field))
        {
            return 0;
        }

        JsonElement value = Object.GetProperty(field);
        if (IsUntyped && value.ValueKind == JsonValueKind.String
            && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double written) && double.IsFinite(written))
        {
            return written;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong($"the field '{field}' is {(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : $"a JSON {Kind(value)}")}: expected a finite number");
    }

    /// <summary>A finite number that must be there.</summary>
    public double Required(string field)
    {
        Field(field);
        return Has(field) ? Number(field) : throw Wrong($"the field '{field}' is null: expected a finite number");
    }

    /// <summary>An exception that names the row.</summary>
    public DataFileException Wrong(string what, string? field = null)
    {
        JsonElement value = default;
        bool isThere = field is not null && Object.TryGetProperty(field, out value);
        return new DataFileException(File, Line, what)
        {
            Field = field,
            IsMissing = field is not null && !isThere,
            IsEmpty = isThere && value.ValueKind == JsonValueKind.String && value.GetRawText() == "\"\"",
        };
    }

    private JsonElement Field(string field)
    {
        if (Object.TryGetProperty(field, out JsonElement value))
        {
            return value;
        }

        string fields = string.Join(", ", Object.EnumerateObject().Select(property => $"'{property.Name}'"));
        throw Wrong($"the row has no field '{field}' (it has {(fields.Length > 0 ? fields : "none")}): add it, or name another field", field);
    }

    /// <summary>The text of a JSON string; <see langword="null"/>: it holds half a surrogate pair.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private string Decode(string field, JsonElement value) =>
        TextOf(value) ?? throw Wrong($"the field '{field}' holds half a surrogate pair: repair the \\u escape", field);
}
