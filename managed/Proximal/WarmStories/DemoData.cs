using System.Text.Json;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Runs;

namespace Proximal.WarmStories;

/// <summary>The data of a demo: which stories teach what. Nothing that has a test prompt is trained on.</summary>
internal sealed record DemoData
{
    /// <summary>Decides which prompts teach the reward model and which the judge; the same for every seed of a demo.</summary>
    private const ulong SplitSeed = 1;

    private const double Half = 0.5;

    /// <summary>All rows.</summary>
    public required IReadOnlyList<DemoTriple> All { get; init; }

    /// <summary>What the reward model learns from.</summary>
    public required IReadOnlyList<DemoTriple> Reward { get; init; }

    /// <summary>What the judge learns from: other prompts.</summary>
    public required IReadOnlyList<DemoTriple> Judge { get; init; }

    /// <summary>What both are measured on.</summary>
    public IEnumerable<DemoTriple> Test => All.Where(triple => triple.IsTest);

    /// <summary>Prompts and warm stories for fine-tuning, each once.</summary>
    public IEnumerable<(string Prompt, string Story)> Stories =>
        All.Where(triple => !triple.IsTest).Select(triple => (triple.Prompt, triple.Chosen)).Distinct();

    /// <summary>The prompts that are trained on.</summary>
    public IEnumerable<string> TrainingPrompts => All.Where(triple => !triple.IsTest).Select(triple => triple.Prompt).Distinct(StringComparer.Ordinal);

    /// <summary>The prompts that only measure.</summary>
    public IEnumerable<string> TestPrompts => Test.Select(triple => triple.Prompt).Distinct(StringComparer.Ordinal);

    /// <summary>Splits rows.</summary>
    public static DemoData Of(IReadOnlyList<DemoTriple> triples)
    {
        (IReadOnlyList<DemoTriple> reward, IReadOnlyList<DemoTriple> judge) =
            DataSplit.ByPrompt([.. triples.Where(triple => !triple.IsTest)], triple => triple.Prompt, Half, SplitSeed);
        return new DemoData { All = triples, Reward = reward, Judge = judge };
    }

    /// <summary>Writes the files that the runs read.</summary>
    /// <exception cref="RunFolderException">A file cannot be written.</exception>
    public void Write(DemoFolder folder)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.Stories)!);
            WriteRows(folder.Stories, Stories.Select(row => new { prompt = row.Prompt, response = row.Story }));
            WriteRows(folder.RewardTriples, Reward.Select(Row));
            WriteRows(folder.JudgeTriples, Judge.Select(Row));
            WriteRows(folder.TestTriples, Test.Select(Row));
            WriteRows(folder.TrainingPrompts, TrainingPrompts.Select(prompt => new { prompt }));
            WriteRows(folder.TestPrompts, TestPrompts.Select(prompt => new { prompt }));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(folder.Root, $"{folder.Root} cannot be written: {failure.Message} Name another output folder.", failure);
        }
    }

    private static object Row(DemoTriple triple) => new { prompt = triple.Prompt, chosen = triple.Chosen, rejected = triple.Rejected, lacks = triple.Lacks };

    private static void WriteRows(string path, IEnumerable<object> rows) =>
        AtomicFile.WriteText(path, string.Concat(rows.Select(row => JsonSerializer.Serialize(row) + "\n")));
}
