using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proximal.Data.Formats;

/// <summary>LLaMA-Factory's alpaca rows: what is asked is the instruction and, on the next line, the input.</summary>
internal static class AlpacaRows
{
    /// <summary>The row under the usual names.</summary>
    /// <exception cref="DataFileException">A field is missing or is not what it has to be.</exception>
    public static JsonRow Read(JsonRow row, RowLayout layout, RowUse use)
    {
        string asked = Asked(row, layout);
        JsonArray? before = layout.Converses ? Before(row, layout) : RequireNone(row, layout);
        var built = new RowBuilder(row);
        bool isPair = use == RowUse.Preferences || (use == RowUse.Check && (row.Has(layout.Chosen) || row.Has(layout.Rejected)));
        bool isExample = use == RowUse.Examples || (use == RowUse.Check && !isPair && row.Has(layout.Response));
        built.AddFrom(layout.Label, "label").AddFrom(layout.Margin, "margin");
        if (isExample && before is { Count: > 0 } && before.Any(message => message!["role"]!.GetValue<string>() == "assistant"))
        {
            // What was answered before is learned too.
            before.Add(RowBuilder.Message("user", asked));
            before.Add(Answer(row, layout.Response));
            return built.Add("messages", before).Build();
        }

        if (before is null)
        {
            return Texts(built.Add("prompt", asked), row, layout, isPair, isExample);
        }

        before.Add(RowBuilder.Message("user", asked));
        built.Add("prompt", before);
        if (isPair)
        {
            built.Add("chosen", new JsonArray(Answer(row, layout.Chosen))).Add("rejected", new JsonArray(Answer(row, layout.Rejected)));
        }

        return (isExample ? built.Add("response", new JsonArray(Answer(row, layout.Response))) : built).Build();
    }

    private static JsonRow Texts(RowBuilder built, JsonRow row, RowLayout layout, bool isPair, bool isExample)
    {
        if (isPair)
        {
            built.Add("chosen", row.Text(layout.Chosen, "the better answer's text")).Add("rejected", row.Text(layout.Rejected, "the worse answer's text"));
        }

        return (isExample ? built.Add("response", row.Text(layout.Response, "the response's text")) : built).Build();
    }

    private static JsonObject Answer(JsonRow row, string field) => RowBuilder.Message("assistant", row.Text(field, "an answer's text"));

    private static string Asked(JsonRow row, RowLayout layout)
    {
        string query = row.Optional(layout.Query);
        string instruction = row.Optional(layout.Prompt);
        return query.Length == 0 ? row.Text(layout.Prompt, "what is asked")
            : instruction.Length == 0 ? query
            : $"{instruction}\n{query}";
    }

    private static JsonArray? RequireNone(JsonRow row, RowLayout layout)
    {
        string? field = row.Optional(layout.System).Length > 0 ? layout.System
            : History(row, layout.History).Any() ? layout.History
            : null;
        return field is null ? null : throw row.Wrong($"the field '{field}' is given, which a text has no place for: leave apply_chat_template out, or drop it", field);
    }

    private static JsonArray Before(JsonRow row, RowLayout layout)
    {
        var messages = new JsonArray();
        if (row.Optional(layout.System) is { Length: > 0 } system)
        {
            messages.Add(RowBuilder.Message("system", system));
        }

        foreach ((string asked, string answer) in History(row, layout.History))
        {
            messages.Add(RowBuilder.Message("user", asked));
            messages.Add(RowBuilder.Message("assistant", answer));
        }

        return messages;
    }

    private static IEnumerable<(string Asked, string Answer)> History(JsonRow row, string field)
    {
        if (!row.Has(field))
        {
            yield break;
        }

        JsonElement history = row.Object.GetProperty(field);
        if (history.ValueKind != JsonValueKind.Array)
        {
            throw row.Wrong($"the field '{field}' is a JSON {JsonRow.Kind(history)}: expected a list of [prompt, response]", field);
        }

        foreach (JsonElement turn in history.EnumerateArray())
        {
            if (turn.ValueKind != JsonValueKind.Array || turn.GetArrayLength() != 2 || turn.EnumerateArray().Any(text => text.ValueKind != JsonValueKind.String || JsonRow.TextOf(text) is null))
            {
                throw row.Wrong($"the field '{field}' holds something else than [prompt, response], two texts: repair it or drop the row", field);
            }

            yield return (turn[0].GetString()!, turn[1].GetString()!);
        }
    }
}
