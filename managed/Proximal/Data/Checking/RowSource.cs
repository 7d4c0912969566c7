namespace Proximal.Data.Checking;

/// <summary>The rows of a file, whatever is wrong with some of them.</summary>
internal static class RowSource
{
    private const string What = "The data file";
    private const string Example = "{\"prompt\": \"...\"}";

    /// <summary>Reads the rows one after the other; of a .txt file each line is a prompt, as for <see cref="PromptFile"/>.</summary>
    /// <param name="path">A file, a folder or a pattern.</param>
    /// <param name="refuse">Receives what cannot be used.</param>
    public static IEnumerable<JsonRow> Read(string path, Action<DataFileException> refuse) =>
        JsonRows.Stream(path, What, Example, refuse, Role.Prompt);
}
