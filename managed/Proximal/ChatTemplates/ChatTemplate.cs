using System.Numerics;
using System.Text.Json;
using Proximal.ChatTemplates.Jinja;

namespace Proximal.ChatTemplates;

/// <summary>A model's own chat template: Jinja as transformers runs it, sandboxed and bounded.</summary>
/// <remarks>
/// A template sees only what it is given, cannot change it, and is held to a number of steps, characters and calls inside
/// each other. Immutable; any thread may render.
/// </remarks>
public sealed class ChatTemplate
{
    private static readonly string[] ReasoningFields = ["reasoning_content", "thinking", "reasoning"];
    private readonly IReadOnlyList<Statement> _body;

    private ChatTemplate(string source, IReadOnlyList<Statement> body, bool tracksGeneration)
    {
        Source = source;
        _body = body;
        TracksGeneration = tracksGeneration;
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>Whether the template marks what the assistant says with {% generation %}.</summary>
    public bool TracksGeneration { get; }

    /// <summary>Compiles a template.</summary>
    /// <param name="source">The Jinja text.</param>
    /// <exception cref="ChatTemplateException">The text is not a valid template; the message says where.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Guarded(() =>
        {
            if (source.Length > Limits.Source)
            {
                throw TemplateError.Limit($"a template of {source.Length} characters; the most is {Limits.Source}");
            }

            IReadOnlyList<Statement> body = Parser.Parse(source, out bool hasGeneration);
            return new ChatTemplate(source, body, hasGeneration);
        });
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="request">The conversation and what goes with it.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or cannot be run on it.</exception>
    public RenderedChat Render(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.ContinueFinalMessage && request.AddGenerationPrompt)
        {
            throw new ArgumentException("A text that continues the last message cannot also open a new one.", nameof(request));
        }

        return Guarded(() =>
        {
            List<object?> messages = Messages(request);
            var variables = new Dictionary<string, object?>
            {
                ["messages"] = messages,
                ["tools"] = JsonValues.Convert(request.Tools),
                ["documents"] = JsonValues.Convert(request.Documents),
                ["add_generation_prompt"] = request.AddGenerationPrompt,
            };
            foreach ((string name, JsonElement value) in request.Variables)
            {
                variables[name] = JsonValues.Convert(value);
            }

            (string text, IReadOnlyList<(int, int)> spans) = Interpreter.Render(_body, variables, request.Now);
            return request.ContinueFinalMessage
                ? new RenderedChat(CutAfterFinalMessage(text, messages), [])
                : new RenderedChat(text, spans);
        });
    }

    private static T Guarded<T>(Func<T> body)
    {
        Work.Begin();
        try
        {
            return body();
        }
        catch (TemplateError error)
        {
            throw new ChatTemplateException(error.Kind, error.Message, error.Line, error);
        }
        catch (InsufficientExecutionStackException error)
        {
            throw new ChatTemplateException(ChatTemplateErrorKind.Limit, "the template or its values are nested too deeply", 0, error);
        }
    }

    /// <summary>The messages as templates expect them: without null fields, reasoning under each of its names.</summary>
    private static List<object?> Messages(ChatRequest request)
    {
        JsonElement messages = request.Messages;
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw new TemplateError(ChatTemplateErrorKind.Conversation, $"messages: expected an array, got {messages.ValueKind}");
        }

        var converted = new List<object?>();
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw new TemplateError(
                    ChatTemplateErrorKind.Conversation, $"messages[{converted.Count}]: expected an object, got {message.ValueKind}");
            }

            var fields = new PythonDictionary();
            foreach (JsonProperty field in message.EnumerateObject()
                .Where(field => request.KeepNullFields || field.Value.ValueKind != JsonValueKind.Null))
            {
                fields[field.Name] = JsonValues.Convert(field.Value);
            }

            ShareReasoning(fields);
            converted.Add(fields);
        }

        return converted;
    }

    private static void ShareReasoning(PythonDictionary message)
    {
        string? given = ReasoningFields.FirstOrDefault(field => message.Contains(field));
        if (given is null)
        {
            return;
        }

        message.TryGet(given, out object? reasoning);
        foreach (string field in ReasoningFields.Take(2).Where(field => !message.Contains(field)))
        {
            message[field] = reasoning;
        }
    }

    private static string CutAfterFinalMessage(string text, List<object?> messages)
    {
        string content = FinalContent(messages);
        string stripped = content.Trim(PythonText.WhiteSpace);
        int at = text.LastIndexOf(stripped, StringComparison.Ordinal);
        if (at < 0 || stripped.Length == 0)
        {
            throw new TemplateError(
                ChatTemplateErrorKind.Conversation,
                "the last message's content does not appear in the rendered text, so it cannot be continued");
        }

        string trailing = content[content.TrimEnd(PythonText.WhiteSpace).Length..];
        int end = at + stripped.Length;
        bool keepsTrailing = string.CompareOrdinal(text, end, trailing, 0, trailing.Length) == 0;
        return text[..(keepsTrailing ? end + trailing.Length : end)];
    }

    private static string FinalContent(List<object?> messages)
    {
        if (messages.Count == 0 || messages[^1] is not PythonDictionary last || !last.TryGet("content", out object? content))
        {
            throw new TemplateError(ChatTemplateErrorKind.Conversation, "there is no last message with content to continue");
        }

        if (content is List<object?> parts)
        {
            content = parts.OfType<PythonDictionary>().Reverse()
                .Select(part => part.TryGet("text", out object? value) ? value : null).FirstOrDefault(value => value is string);
        }

        return content as string
            ?? throw new TemplateError(ChatTemplateErrorKind.Conversation, "the last message has no text to continue");
    }
}
