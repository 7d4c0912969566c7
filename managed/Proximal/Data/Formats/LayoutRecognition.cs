using System.Text.Json;

namespace Proximal.Data.Formats;

/// <summary>Finds the form of rows by the fields of the first ones.</summary>
internal static class LayoutRecognition
{
    /// <summary>How many rows are looked at.</summary>
    public const int LookAt = 100;

    private static readonly string[] Trl = ["prompt", "completion", "response", "messages", "text"];

    /// <summary>The layout of a file's rows.</summary>
    /// <param name="first">Its first rows.</param>
    /// <param name="source">What is said of it.</param>
    /// <exception cref="DataFileException">The rows fit several forms.</exception>
    public static RowLayout Of(IReadOnlyList<JsonRow> first, DataSource source)
    {
        DataFormat format = source.Format != DataFormat.Auto ? source.Format
            : source.Names != RowNames.None ? DataFormat.Trl
            : Recognise(first);
        return Detailed(RowLayout.Of(format) with { ApplyChatTemplate = source.ApplyChatTemplate }, first, source.Names).With(source.Names);
    }

    private static RowLayout Detailed(RowLayout layout, IReadOnlyList<JsonRow> rows, RowNames names)
    {
        bool Any(string field) => rows.Any(row => row.Has(field));
        layout = layout with { Label = Any("kto_tag") && !Any("label") ? "kto_tag" : "label" };
        return layout.Format switch
        {
            DataFormat.Sharegpt => layout with { Messages = Any(layout.Messages) || !Any("messages") ? layout.Messages : "messages" },
            DataFormat.Trl or DataFormat.Verl => layout with
            {
                Response = Any("response") || !Any("completion") ? "response" : "completion",
                IsPromptImplicit = names.Prompt is null && !Any(layout.Prompt) && Any(names.Chosen ?? layout.Chosen) && Any(names.Rejected ?? layout.Rejected),
            },
            DataFormat.Openrlhf => layout with { IsPromptImplicit = names.Prompt is null && !Any(layout.Prompt) && Any(names.Chosen ?? layout.Chosen) },
            _ => layout,
        };
    }

    private static DataFormat Recognise(IReadOnlyList<JsonRow> rows)
    {
        var fits = new List<(DataFormat Format, string Field)>();
        bool singly = rows.Any(row => (IsObject(row, "chosen") || IsObject(row, "rejected")) && (row.IsList("messages") || row.IsList("conversations")));
        if (Find("instruction") is { } instruction)
        {
            fits.Add((DataFormat.Alpaca, instruction));
        }

        if (singly || rows.Any(row => row.IsList("conversations")))
        {
            fits.Add((DataFormat.Sharegpt, singly ? "chosen" : "conversations"));
        }

        if (Find("instruction") is null && Find("input") is not null && Find("output") is { } output)
        {
            fits.Add((DataFormat.Openrlhf, output));
        }

        if (Array.Find(Trl, field => Find(field) is not null && !(singly && field == "messages")) is { } trl)
        {
            fits.Add((DataFormat.Trl, trl));
        }

        if (fits.Count > 1)
        {
            throw new DataFileException(
                rows[0].File,
                rows[0].Line,
                $"the rows fit several formats, {string.Join(" and ", fits.Select(fit => $"{NameOf(fit.Format)} ('{fit.Field}')"))}: set format to one of them") { IsAmbiguous = true };
        }

        return fits is [(DataFormat.Alpaca or DataFormat.Sharegpt or DataFormat.Openrlhf, _)] ? fits[0].Format : Detail(rows);

        string? Find(string field) => rows.Any(row => row.Has(field)) ? field : null;
    }

    /// <summary>Rows of TRL's names that say more.</summary>
    private static DataFormat Detail(IReadOnlyList<JsonRow> rows)
    {
        bool pairs = rows.Any(row => row.IsText("chosen"));
        return rows.Count == 0 ? DataFormat.Trl
            : rows.Any(row => row.IsList("prompt") && IsObject(row, "reward_model")) ? DataFormat.Verl
            : pairs && !rows.Any(row => row.Has("prompt")) && rows.All(row => !row.IsText("chosen") || IsText(row, "chosen", TranscriptRows.IsTranscript)) ? DataFormat.Hh
            : pairs && rows.Any(row => row.Has("prompt")) && rows.All(row => !row.Has("prompt") || IsText(row, "prompt", TranscriptRows.IsPrompt)) ? DataFormat.DeepspeedChat
            : DataFormat.Trl;
    }

    /// <summary>The name of a format, as it is written.</summary>
    public static string NameOf(DataFormat format) => JsonNamingPolicy.SnakeCaseLower.ConvertName(format.ToString());

    private static bool IsText(JsonRow row, string field, Predicate<string> holds) =>
        row.IsText(field) && JsonRow.TextOf(row.Object.GetProperty(field)) is { } text && holds(text);

    private static bool IsObject(JsonRow row, string field) => row.Object.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Object;
}
