using Proximal.Data;

namespace Proximal.WarmStories;

/// <summary>A row of the preference data.</summary>
/// <param name="Prompt">How the story begins.</param>
/// <param name="Chosen">A warm way to go on.</param>
/// <param name="Rejected">One that lacks something.</param>
/// <param name="Lacks">What it lacks.</param>
/// <param name="IsTest">No model is trained on any story with this prompt.</param>
internal sealed record DemoTriple(string Prompt, string Chosen, string Rejected, string Lacks, bool IsTest)
{
    private const string Example = """{"prompt": "...", "chosen": "...", "rejected": "...", "lacks": "act", "split": "train"}""";

    /// <summary>Reads the rows of a file.</summary>
    /// <exception cref="DataFileException">The file or a row cannot be used, or one side of the split is empty.</exception>
    public static IReadOnlyList<DemoTriple> Read(string path)
    {
        DemoTriple[] triples = [.. JsonRows.Read(path, "The file of preference triples", Example).Select(Of)];
        var test = triples.Where(triple => triple.IsTest).Select(triple => triple.Prompt).ToHashSet(StringComparer.Ordinal);
        var training = triples.Where(triple => !triple.IsTest).Select(triple => triple.Prompt).ToHashSet(StringComparer.Ordinal);
        return training.Count < 2 || test.Count == 0
            ? throw new DataFileException(path, null, $"{training.Count} training and {test.Count} test prompts: expected two and one at least")
            : test.FirstOrDefault(training.Contains) is { } both
                ? throw new DataFileException(path, null, $"the prompt '{both}' is in both splits: a test prompt must not be trained on")
                : triples;
    }

    private static DemoTriple Of(JsonRow row)
    {
        string split = row.Text("split", "train or test");
        return split is "train" or "test"
            ? new DemoTriple(
                row.Text("prompt", "the beginning of the story"),
                row.Text("chosen", "the warm story"),
                row.Text("rejected", "the story that lacks something"),
                row.Text("lacks", "what it lacks"),
                split == "test")
            : throw row.Wrong($"the field 'split' is '{split}': expected train or test");
    }
}
