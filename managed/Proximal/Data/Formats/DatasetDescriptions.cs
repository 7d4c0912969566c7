using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Data.Sources;

namespace Proximal.Data.Formats;

/// <summary>Reads LLaMA-Factory's <c>dataset_info.json</c>, which names the files of data sets, their form and their fields.</summary>
internal static class DatasetDescriptions
{
    private const string What = "The description of data sets";

    private static readonly string[] Elsewhere = ["hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"];

    /// <summary>The path and the layout of the data set that a source names.</summary>
    /// <exception cref="DataFileException">The description cannot be used, or has no such data set.</exception>
    public static (string Path, RowLayout Layout) Named(DataSource source)
    {
        string file = Directory.Exists(source.Path) ? Path.Combine(source.Path, DataFiles.DatasetInfo) : source.Path;
        JsonElement all = Read(file);
        string names = string.Join(", ", all.EnumerateObject().Select(entry => entry.Name));
        if (source.Dataset is not { } name)
        {
            throw new DataFileException(file, null, $"this describes data sets: name one of them with the key dataset ({names})");
        }

        return all.TryGetProperty(name, out JsonElement entry)
            ? (FilesOf(file, name, entry), Layout(file, name, entry))
            : throw new DataFileException(file, null, $"it describes no data set '{name}': expected one of {names}");
    }

    /// <summary>The layout by which a description beside a file describes it; <see langword="null"/>: none does, or several in different ways.</summary>
    public static RowLayout? Beside(string path)
    {
        string file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, DataFiles.DatasetInfo);
        if (!File.Exists(file))
        {
            return null;
        }

        RowLayout[] layouts =
        [
            .. Read(file).EnumerateObject()
                .Where(entry => TextOf(entry.Value, "file_name") == Path.GetFileName(path))
                .Select(entry => Layout(file, entry.Name, entry.Value))
                .Distinct(),
        ];
        return layouts is [{ } only] ? only : null;
    }

    private static JsonElement Read(string file)
    {
        string text = string.Join('\n', DataFileException.ReadLines(file, What));
        JsonElement all = JsonRow.Parse(file, 1, text);
        if (!ChatMessages.IsText(all))
        {
            throw new DataFileException(file, null, "a name or text holds half a surrogate pair, which is no character: repair the \\u escape");
        }

        return all.ValueKind == JsonValueKind.Object && all.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.Object)
            ? all
            : throw new DataFileException(file, null, $"expected an object of descriptions such as {{\"name\": {{\"file_name\": \"data.json\"}}}}");
    }

    private static string FilesOf(string file, string name, JsonElement entry)
    {
        if (Elsewhere.FirstOrDefault(key => TextOf(entry, key) is not null) is { } elsewhere)
        {
            throw new DataFileException(file, null, $"'{name}' lies elsewhere ('{elsewhere}'): fetch it, and give its file_name");
        }

        if (entry.TryGetProperty("num_samples", out JsonElement count) && count.ValueKind != JsonValueKind.Null)
        {
            throw new DataFileException(file, null, $"'{name}' asks for a part of its rows ('num_samples'), which is not done here: leave it out, and mix sources by weight");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return TextOf(entry, "file_name") is not { Length: > 0 } path ? throw new DataFileException(file, null, $"'{name}' names no file: give its file_name")
            : !path.Contains('\0', StringComparison.Ordinal) && Path.GetFullPath(Path.Combine(folder, path)) is var full
                && full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full
            : throw new DataFileException(file, null, $"'{name}' names a file outside of the folder, '{path}': put it beside the description");
    }

    private static RowLayout Layout(string file, string name, JsonElement entry)
    {
        DataFormat format = TextOf(entry, "formatting") switch
        {
            null or "alpaca" => DataFormat.Alpaca,
            "sharegpt" or "openai" => DataFormat.Sharegpt,
            { } other => throw new DataFileException(file, null, $"'{name}' has the formatting '{other}': expected alpaca or sharegpt"),
        };
        JsonElement columns = Part(file, name, entry, "columns");
        RowLayout usual = RowLayout.Of(format);
        if (format == DataFormat.Alpaca && TextOf(columns, "prompt") is { } text && TextOf(columns, "response") is null && !IsRanking(entry) && columns.EnumerateObject().Count() == 1)
        {
            // Nothing but a prompt is a text to learn as a whole.
            return RowLayout.Of(DataFormat.Trl) with { Text = text };
        }

        return usual with
        {
            Prompt = TextOf(columns, "prompt") ?? usual.Prompt,
            Query = TextOf(columns, "query") ?? usual.Query,
            Response = TextOf(columns, "response") ?? usual.Response,
            History = TextOf(columns, "history") ?? usual.History,
            Messages = TextOf(columns, "messages") ?? usual.Messages,
            System = TextOf(columns, "system") ?? usual.System,
            Tools = TextOf(columns, "tools") ?? usual.Tools,
            Chosen = TextOf(columns, "chosen") ?? usual.Chosen,
            Rejected = TextOf(columns, "rejected") ?? usual.Rejected,
            Label = TextOf(columns, "kto_tag") ?? usual.Label,
            Tags = Tags(Part(file, name, entry, "tags")),
        };
    }

    private static MessageTags Tags(JsonElement tags)
    {
        var usual = new MessageTags();
        return new MessageTags
        {
            Role = TextOf(tags, "role_tag") ?? usual.Role,
            Content = TextOf(tags, "content_tag") ?? usual.Content,
            User = TextOf(tags, "user_tag") ?? usual.User,
            Assistant = TextOf(tags, "assistant_tag") ?? usual.Assistant,
            Observation = TextOf(tags, "observation_tag") ?? usual.Observation,
            Function = TextOf(tags, "function_tag") ?? usual.Function,
            System = TextOf(tags, "system_tag") ?? usual.System,
        };
    }

    private static bool IsRanking(JsonElement entry) => entry.TryGetProperty("ranking", out JsonElement ranking) && ranking.ValueKind == JsonValueKind.True;

    private static JsonElement Part(string file, string name, JsonElement entry, string part) =>
        !entry.TryGetProperty(part, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? JsonElement.Parse("{}")
        : value.ValueKind == JsonValueKind.Object ? value
        : throw new DataFileException(file, null, $"the {part} of '{name}' are a JSON {JsonRow.Kind(value)}: expected an object of names");

    private static string? TextOf(JsonElement of, string key) =>
        of.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? JsonRow.TextOf(value) : null;
}
