using System.Text.Json;

namespace Proximal.Data.Checking;

/// <summary>The rows of a file, whatever is wrong with some of them.</summary>
internal static class RowSource
{
    private const string What = "The data file";
    private const string Example = "{\"prompt\": \"...\"}";

    /// <summary>Reads the rows one after the other; of a .txt file each line is a prompt, as for <see cref="PromptFile"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="refuse">Receives what cannot be used.</param>
    public static IEnumerable<JsonRow> Read(string path, Action<DataFileException> refuse) =>
        Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase)
            ? DataFileException.StreamLines(path, What)
                .Select((text, index) => (Text: text, Line: index + 1))
                .Where(line => !string.IsNullOrWhiteSpace(line.Text))
                .Select(line => new JsonRow(path, line.Line, JsonSerializer.SerializeToElement(new Dictionary<string, string> { [Role.Prompt] = line.Text })))
            : JsonRows.Stream(path, What, Example, refuse);
}
