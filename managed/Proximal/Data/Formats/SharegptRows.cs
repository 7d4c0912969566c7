using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.ChatTemplates;

namespace Proximal.Data.Formats;

/// <summary>LLaMA-Factory's sharegpt rows: a list of who says what, with calls of tools and what they give back.</summary>
internal static class SharegptRows
{
    private static readonly string[] Seen = ["images", "videos", "audios"];

    /// <summary>The row under the usual names.</summary>
    /// <exception cref="DataFileException">A field is missing or is not what it has to be.</exception>
    public static JsonRow Read(JsonRow row, RowLayout layout, RowUse use)
    {
        RequireTextAlone(row);
        JsonArray messages = Messages(row, layout);
        var built = new RowBuilder(row);
        built.Add("tools", Tools(row, layout.Tools)).AddFrom(layout.Label, "label").AddFrom(layout.Margin, "margin");
        if (use == RowUse.Preferences || (use == RowUse.Check && (row.Has(layout.Chosen) || row.Has(layout.Rejected))))
        {
            return built.Add("prompt", messages).Add("chosen", Answer(row, layout, layout.Chosen)).Add("rejected", Answer(row, layout, layout.Rejected)).Build();
        }

        if (use == RowUse.Prompts)
        {
            DropAnswer(row, layout, messages);
            return built.Add("prompt", messages).Build();
        }

        return built.Add("messages", messages).Build();
    }

    /// <summary>A conversation that the assistant ends is a prompt up to there.</summary>
    private static void DropAnswer(JsonRow row, RowLayout layout, JsonArray messages)
    {
        while (messages.Count > 0 && messages[^1]!["role"]!.GetValue<string>() == "assistant")
        {
            messages.RemoveAt(messages.Count - 1);
        }

        if (messages.Count == 0)
        {
            throw row.Wrong($"the field '{layout.Messages}' holds nothing that is asked: begin it with what the user says, or drop the row", layout.Messages);
        }
    }

    private static JsonArray Messages(JsonRow row, RowLayout layout)
    {
        if (!row.IsList(layout.Messages))
        {
            // Says that it is missing, or what it is.
            row.Messages(layout.Messages);
        }

        var messages = new JsonArray();
        int i = 0;
        foreach (JsonElement message in row.Object.GetProperty(layout.Messages).EnumerateArray())
        {
            messages.Add(Message(row, layout, message, $"the field '{layout.Messages}' holds a message {i++} that", layout.Messages));
        }

        if (messages.Count == 0)
        {
            throw row.Wrong($"the field '{layout.Messages}' is empty: give it messages or drop the row", layout.Messages);
        }

        if (row.Optional(layout.System) is { Length: > 0 } system && messages[0]!["role"]!.GetValue<string>() != "system")
        {
            messages.Insert(0, RowBuilder.Message("system", system));
        }

        return messages;
    }

    private static JsonArray Answer(JsonRow row, RowLayout layout, string field)
    {
        if (!row.Has(field))
        {
            // Says that it is missing.
            row.Text(field, "an answer");
        }

        JsonElement answer = row.Object.GetProperty(field);
        return answer.ValueKind switch
        {
            JsonValueKind.String => new JsonArray(RowBuilder.Message("assistant", row.Text(field, "an answer's text"))),
            JsonValueKind.Array => new JsonArray([.. answer.EnumerateArray().Select((message, i) => Message(row, layout, message, $"the field '{field}' holds a message {i} that", field))]),
            _ => new JsonArray(Message(row, layout, answer, $"the field '{field}'", field)),
        };
    }

    private static JsonObject Message(JsonRow row, RowLayout layout, JsonElement message, string where, string field)
    {
        MessageTags tags = layout.Tags;
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw row.Wrong($"{where} is a JSON {JsonRow.Kind(message)}: expected an object such as {{\"{tags.Role}\": \"{tags.User}\", \"{tags.Content}\": \"...\"}}", field);
        }

        // Messages with role and content are OpenAI's, which this format takes too.
        string from = message.TryGetProperty(tags.Role, out _) ? tags.Role : "role";
        string said = message.TryGetProperty(tags.Content, out _) ? tags.Content : "content";
        string speaker = TextOf(row, message, from, where, field, tags.Role);
        string role = tags.RoleOf(speaker)
            ?? throw row.Wrong($"{where} is said by '{speaker}': expected {tags}; name others in the tags of {Sources.DataFiles.DatasetInfo}", field);
        if (from == "role" && said == "content")
        {
            return RowBuilder.CopyObject(message);
        }

        string content = TextOf(row, message, said, where, field, tags.Content);
        return speaker == tags.Function ? Calls(row, content, where, field) : RowBuilder.Message(role, content);
    }

    private static string TextOf(JsonRow row, JsonElement message, string name, string where, string field, string expected) =>
        message.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && JsonRow.TextOf(value) is { } text
            ? text
            : throw row.Wrong($"{where} has no text '{expected}': repair it or drop the row", field);

    /// <summary>A call, or a list of them, each of a name and arguments: as chat templates take them.</summary>
    private static JsonObject Calls(JsonRow row, string content, string where, string field)
    {
        try
        {
            JsonElement calls = JsonElement.Parse(content);
            JsonElement[] each = calls.ValueKind == JsonValueKind.Array ? [.. calls.EnumerateArray()] : [calls];
            if (each.Length > 0 && each.All(call => call.ValueKind == JsonValueKind.Object && call.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String))
            {
                return new JsonObject
                {
                    ["role"] = "assistant",
                    ["tool_calls"] = new JsonArray([.. each.Select(call => (JsonNode)new JsonObject { ["type"] = "function", ["function"] = RowBuilder.Copy(call) })]),
                };
            }
        }
        catch (JsonException)
        {
            // Said below: what is there is not JSON, or other JSON.
        }

        throw row.Wrong($"{where} calls a function in another form than {{\"name\": \"...\", \"arguments\": {{...}}}}: repair it or drop the row", field);
    }

    /// <summary>Tools as transformers wants them: a bare description becomes that of a function.</summary>
    private static JsonArray? Tools(JsonRow row, string field)
    {
        JsonElement tools = ChatMessages.ListOf(row.Object, field);
        if (tools.ValueKind == JsonValueKind.Undefined || (tools.ValueKind == JsonValueKind.String && row.Optional(field).Length == 0))
        {
            return null;
        }

        if (tools.ValueKind != JsonValueKind.Array)
        {
            throw row.Wrong($"the field '{field}' is a JSON {JsonRow.Kind(tools)}: expected a list of tools, or its JSON text", field);
        }

        return new JsonArray([.. tools.EnumerateArray().Select(tool => tool.ValueKind == JsonValueKind.Object && !tool.TryGetProperty("function", out _)
            ? new JsonObject { ["type"] = "function", ["function"] = RowBuilder.Copy(tool) }
            : RowBuilder.Copy(tool))]);
    }

    private static void RequireTextAlone(JsonRow row)
    {
        string? field = Seen.FirstOrDefault(field => row.IsList(field) && row.Object.GetProperty(field).GetArrayLength() > 0);
        if (field is not null)
        {
            throw row.Wrong($"the row has '{field}', and models here take texts alone: drop the row", field);
        }
    }
}
