using System.Text.Json;
using Proximal.ChatTemplates;

namespace Proximal.Data.Checking;

/// <summary>Reads rows whose texts are lists of messages, as the runs that take them do.</summary>
internal static class MessageRows
{
    /// <summary>Whether a row has messages where texts could be.</summary>
    public static bool Has(JsonRow row, RowFields fields) => fields.Shape switch
    {
        DataShape.Preferences => row.IsList(fields[Role.Chosen]) || row.IsList(fields[Role.Rejected]) || row.IsList(fields[Role.Prompt]),
        DataShape.Examples or DataShape.Judgements => row.Has(fields[Role.Messages]) || row.IsList(fields[Role.Prompt]) || row.IsList(fields[Role.Response]),
        DataShape.Prompts => row.IsList(fields[Role.Prompt]) || (!row.Has(fields[Role.Prompt]) && row.Has(fields[Role.Messages])),
        _ => false,
    };

    /// <summary>The row.</summary>
    /// <exception cref="DataFileException">A run would refuse it.</exception>
    public static CheckedRow Read(JsonRow row, RowFields fields)
    {
        var place = new Place(row.File, row.Line);
        return fields.Shape switch
        {
            DataShape.Preferences => OfPair(place, PreferenceFile.Pair(row, fields.OfPreferences())),
            DataShape.Examples or DataShape.Judgements => OfExample(place, SftFile.Example(row, fields.OfExamples())),
            _ => OfPrompt(place, PromptFile.ToAnswer(row, row.IsList(fields[Role.Prompt]) ? fields[Role.Prompt] : fields[Role.Messages])),
        };
    }

    private static CheckedRow OfPair(Place place, PreferencePair pair) =>
        new(place, [Said(JsonElement.Parse(pair.Prompt)), Said(JsonElement.Parse(pair.Chosen)), Said(JsonElement.Parse(pair.Rejected))]) { Pair = pair };

    private static CheckedRow OfExample(Place place, SftExample example)
    {
        JsonElement messages = example.Conversation!.Messages;
        int answer = example.PromptMessages > 0 ? example.PromptMessages : LastOfAssistant(messages);
        return new CheckedRow(place, [Said(ChatMessages.First(messages, answer)), Said(ChatMessages.Rest(messages, answer))]) { Example = example };
    }

    private static CheckedRow OfPrompt(Place place, ChatRequest conversation) => new(place, [Said(conversation.Messages)]) { Conversation = conversation };

    private static int LastOfAssistant(JsonElement messages) => Array.FindLastIndex([.. messages.EnumerateArray()], ChatMessages.IsAssistants);

    /// <summary>What messages say, a line each.</summary>
    private static string Said(JsonElement messages) => string.Join('\n', messages.EnumerateArray().SelectMany(TextsOf));

    private static IEnumerable<string> TextsOf(JsonElement message) => !message.TryGetProperty("content", out JsonElement content) ? [] : content.ValueKind switch
    {
        JsonValueKind.String => [content.GetString()!],
        JsonValueKind.Array => content.EnumerateArray()
            .Where(part => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String)
            .Select(part => part.GetProperty("text").GetString()!),
        _ => [],
    };
}
