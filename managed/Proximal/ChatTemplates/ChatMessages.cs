using System.Text.Json;
using Proximal.Configuration;

namespace Proximal.ChatTemplates;

/// <summary>Conversations as rows of data files hold them: a list of messages, and what templates are given beside it.</summary>
internal static class ChatMessages
{
    /// <summary>The field that holds the messages where no other is named.</summary>
    public const string DefaultField = "messages";

    private const string Example = "{\"role\": \"user\", \"content\": \"...\"}";
    private const string Assistant = "assistant";
    private const string VariablesField = "chat_template_kwargs";

    private static readonly string[] Roles = [Assistant, "user", "system", "tool", "developer", "function"];
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase) { ["human"] = "user", ["gpt"] = Assistant };

    /// <summary>What is wrong with a list of messages, and the fix; <see langword="null"/>: nothing that can be told without the template.</summary>
    public static string? ProblemOf(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            return $"is {(messages.ValueKind == JsonValueKind.Array ? "empty" : KindOf(messages))}: expected a list of messages such as {Example}";
        }

        try
        {
            int i = 0;
            foreach (JsonElement message in messages.EnumerateArray())
            {
                if (ProblemOfMessage(message) is { } problem)
                {
                    return $"holds a message {i} that {problem}";
                }

                i++;
            }

            CheckText(messages);
            return null;
        }
        catch (InvalidOperationException)
        {
            return "holds half a surrogate pair, which is no character: repair the \\u escape";
        }
    }

    /// <summary>What is wrong with the fields beside the messages; <see langword="null"/>: nothing.</summary>
    public static string? ProblemOfRow(JsonElement row)
    {
        try
        {
            if (Optional(row, VariablesField) is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Object) } variables)
            {
                return $"'{VariablesField}' is {KindOf(variables)}: expected an object of what the template may look at";
            }

            foreach (string field in new[] { "tools", "documents" })
            {
                JsonElement list = ListOf(row, field);
                if (list.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Array))
                {
                    return $"'{field}' is {KindOf(list)}: expected a list";
                }

                CheckText(list);
            }

            CheckText(Optional(row, VariablesField));
            return null;
        }
        catch (InvalidOperationException)
        {
            return "a text holds half a surrogate pair, which is no character: repair the \\u escape";
        }
    }

    /// <summary>The conversation of a row: the messages with the row's tools, documents and chat_template_kwargs.</summary>
    public static ChatRequest Request(JsonElement row, JsonElement messages) => new()
    {
        Messages = messages,
        Tools = ListOf(row, "tools"),
        Documents = ListOf(row, "documents"),
        Variables = Optional(row, VariablesField) is { ValueKind: JsonValueKind.Object } variables
            ? variables.EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value)
            : new Dictionary<string, JsonElement>(),
    };

    /// <summary>Whether the assistant says a message.</summary>
    public static bool IsAssistants(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out JsonElement role)
        && role.ValueKind == JsonValueKind.String && role.ValueEquals(Assistant);

    /// <summary>Two lists of messages as one.</summary>
    public static JsonElement Join(JsonElement first, JsonElement second) =>
        JsonSerializer.SerializeToElement<JsonElement[]>([.. first.EnumerateArray(), .. second.EnumerateArray()]);

    /// <summary>The first messages of a list.</summary>
    public static JsonElement First(JsonElement messages, int count) =>
        JsonSerializer.SerializeToElement<JsonElement[]>([.. messages.EnumerateArray().Take(count)]);

    /// <summary>The messages of a list behind its first ones.</summary>
    public static JsonElement Rest(JsonElement messages, int from) =>
        JsonSerializer.SerializeToElement<JsonElement[]>([.. messages.EnumerateArray().Skip(from)]);

    /// <summary>Whether a text is what a message says.</summary>
    public static bool Says(JsonElement message, string text) =>
        message.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String && content.ValueEquals(text);

    /// <summary>How many messages two conversations begin with alike.</summary>
    public static int Shared(JsonElement one, JsonElement other) =>
        one.EnumerateArray().Zip(other.EnumerateArray()).TakeWhile(pair => JsonElement.DeepEquals(pair.First, pair.Second)).Count();

    private static string? ProblemOfMessage(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            return $"is {KindOf(message)}: expected an object such as {Example}";
        }

        JsonElement role = Optional(message, "role");
        if (role.ValueKind != JsonValueKind.String)
        {
            string fields = string.Join(", ", message.EnumerateObject().Select(field => $"'{field.Name}'"));
            return role.ValueKind == JsonValueKind.Undefined
                ? $"has no 'role' (it has {(fields.Length > 0 ? fields : "none")}): expected an object such as {Example}"
                : $"has a 'role' that is {KindOf(role)}: expected a text such as \"user\"";
        }

        return ProblemOfRole(role.GetString()!) ?? ProblemOfContent(message);
    }

    /// <summary>Templates have roles of their own, so an unknown one is wrong only where it is a known one misspelt.</summary>
    private static string? ProblemOfRole(string role)
    {
        string? meant = OtherNames.GetValueOrDefault(role)
            ?? (Array.IndexOf(Roles, role) < 0 && role.Length > 3 ? NearestName.Find(role, Roles) : null);
        return role.Length == 0 ? "has an empty 'role': name who says it, such as \"user\""
            : meant is not null ? $"has the role '{role}': did you mean '{meant}'?"
            : null;
    }

    private static string? ProblemOfContent(JsonElement message)
    {
        JsonElement content = Optional(message, "content");
        return content.ValueKind switch
        {
            JsonValueKind.String or JsonValueKind.Array => null,
            // An assistant that calls a tool, or only thinks, says nothing.
            JsonValueKind.Undefined when IsAssistants(message) && message.EnumerateObject().Count(field => field.Value.ValueKind != JsonValueKind.Null) > 1 => null,
            JsonValueKind.Undefined => "has no 'content': give it a text",
            _ => $"has a 'content' that is {KindOf(content)}: expected a text, or a list of parts",
        };
    }

    /// <summary>A list; data sets that cannot hold lists of different objects hold its JSON text.</summary>
    public static JsonElement ListOf(JsonElement row, string field)
    {
        JsonElement value = Optional(row, field);
        if (value.ValueKind != JsonValueKind.String)
        {
            return value;
        }

        try
        {
            return JsonElement.Parse(value.GetString()!);
        }
        catch (JsonException)
        {
            return value;
        }
    }

    private static JsonElement Optional(JsonElement of, string field) =>
        of.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : default;

    /// <summary>Whether all names and texts in a value are some; a \u escape may name half a character.</summary>
    public static bool IsText(JsonElement element)
    {
        try
        {
            CheckText(element);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Throws where a name or text is none: what reads them later has no row to name.</summary>
    private static void CheckText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    CheckText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckText(property.Value);
                }

                break;
        }
    }

    private static string KindOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "a text",
        JsonValueKind.Array => "a list",
        _ => "an object",
    };
}
