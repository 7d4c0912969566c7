using System.Text.Json;
using Proximal.Data;

namespace Proximal.Runs;

/// <summary>Reads the rows of a run's metrics.jsonl.</summary>
internal static class MetricsReader
{
    private const string Step = "step";
    private const string Warnings = "warnings";

    /// <summary>The rows, one after the other; a last one that was cut when the run was killed is left out.</summary>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="DataFileException">The folder is no run, or a row that is not the last is broken.</exception>
    public static IEnumerable<MetricsRow> Read(string folder)
    {
        string path = Path.Combine(folder, RunFolder.MetricsFile);
        return File.Exists(path)
            ? ReadRows(path)
            : throw new DataFileException(
                folder, null, $"the folder holds no run: it has no {RunFolder.MetricsFile}; name the folder that a run wrote (key `output`)");
    }

    private static IEnumerable<MetricsRow> ReadRows(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        int number = 1;
        for (string? line = reader.ReadLine(), next; line is not null; line = next, number++)
        {
            next = reader.ReadLine();
            if (Parse(line) is { } row)
            {
                yield return row;
            }
            else if (next is not null)
            {
                throw new DataFileException(path, number, "expected one JSON object with a step; repair or remove the line");
            }
        }
    }

    private static MetricsRow? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            return row.ValueKind == JsonValueKind.Object && row.TryGetProperty(Step, out JsonElement step)
                && step.ValueKind == JsonValueKind.Number && step.TryGetInt32(out int number)
                ? new MetricsRow(number, Values(row), WarningsOf(row))
                : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair in a text is found only when the text is asked for.
            return null;
        }
    }

    private static OrderedDictionary<string, double> Values(JsonElement row)
    {
        var values = new OrderedDictionary<string, double>();
        foreach (JsonProperty property in row.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Number && property.Name != Step)
            {
                values[property.Name] = property.Value.GetDouble();
            }
        }

        return values;
    }

    private static string[] WarningsOf(JsonElement row) =>
        row.TryGetProperty(Warnings, out JsonElement texts) && texts.ValueKind == JsonValueKind.Array
            ? [.. texts.EnumerateArray().Where(text => text.ValueKind == JsonValueKind.String).Select(text => text.GetString()!)]
            : [];
}
