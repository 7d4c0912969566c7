using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.ChatTemplates;

namespace Proximal.Data.Formats;

/// <summary>TRL's rows, and those of other names that are like them: nothing changes but what TRL leaves to be found out.</summary>
internal static class TrlRows
{
    /// <summary>The row with its prompt where both answers begin with it, and with messages in place of texts where a template is to write them.</summary>
    /// <exception cref="DataFileException">A field is missing or is not what it has to be.</exception>
    public static JsonRow Read(JsonRow row, RowLayout layout, RowUse use)
    {
        JsonRow whole = layout.IsPromptImplicit && use != RowUse.Examples ? WithPrompt(row, layout) : row;
        return layout.Converses ? WithMessages(whole, layout) : whole;
    }

    /// <summary>
    /// The prompt is what both answers begin with alike, without a blank at its end, which belongs to the answers (TRL, extract_prompt).
    /// Conversations are read so elsewhere.
    /// </summary>
    private static JsonRow WithPrompt(JsonRow row, RowLayout layout)
    {
        if (row.IsList(layout.Chosen) || row.IsList(layout.Rejected) || !row.Has(layout.Chosen) || !row.Has(layout.Rejected))
        {
            return row;
        }

        string chosen = row.Text(layout.Chosen, "the better answer's text, with its prompt");
        string rejected = row.Text(layout.Rejected, "the worse answer's text, with its prompt");
        int shared = chosen.AsSpan().CommonPrefixLength(rejected);
        shared -= shared > 0 && shared < Math.Min(chosen.Length, rejected.Length) && chosen[shared - 1] == ' ' ? 1 : 0;
        shared -= shared > 0 && char.IsHighSurrogate(chosen[shared - 1]) ? 1 : 0;
        if (shared == 0)
        {
            throw row.Wrong($"the fields '{layout.Chosen}' and '{layout.Rejected}' begin with different letters, so there is no prompt: add the field '{layout.Prompt}'", layout.Prompt);
        }

        JsonObject whole = RowBuilder.CopyObject(row.Object);
        whole[layout.Prompt] = chosen[..shared];
        whole[layout.Chosen] = chosen[shared..];
        whole[layout.Rejected] = rejected[shared..];
        return row with { Object = JsonSerializer.SerializeToElement(whole), Original = row.Object };
    }

    private static JsonRow WithMessages(JsonRow row, RowLayout layout)
    {
        (string Field, string Role)[] texts =
            [(layout.Prompt, "user"), (layout.Response, "assistant"), (layout.Chosen, "assistant"), (layout.Rejected, "assistant")];
        if (!texts.Any(text => row.IsText(text.Field)))
        {
            return row;
        }

        JsonObject whole = RowBuilder.CopyObject(row.Object);
        foreach ((string field, string role) in texts.Where(text => row.IsText(text.Field)))
        {
            whole[field] = new JsonArray(RowBuilder.Message(role, row.Text(field, "a text")));
        }

        // A text beside whole conversations says again what stands in them.
        if (row.IsList(layout.Chosen) && row.IsText(layout.Prompt) && StartsWithPrompt(row, layout))
        {
            whole.Remove(layout.Prompt);
        }

        return row with { Object = JsonSerializer.SerializeToElement(whole), Original = row.Original ?? row.Object };
    }

    private static bool StartsWithPrompt(JsonRow row, RowLayout layout) =>
        row.Object.GetProperty(layout.Chosen).EnumerateArray().Any(message => message.ValueKind == JsonValueKind.Object && !ChatMessages.IsAssistants(message));
}
