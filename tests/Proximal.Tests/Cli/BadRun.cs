using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary>Runs of every command that reads a YAML file, small and right, and the check of those that something is wrong with.</summary>
internal static class BadRun
{
    public const string Sft =
        """
        model: model
        output: out
        data: {path: rows.jsonl}
        validation: {fraction: 0.25}
        sft: {epochs: 1, batch_size: 3}
        threads: 1
        checkpoints: {every: 1}
        """;

    public const string Rm =
        """
        model: model
        output: out
        data: {path: pairs.jsonl}
        validation: {fraction: 0.25}
        rm: {epochs: 1, batch_size: 3}
        threads: 1
        checkpoints: {every: 1}
        """;

    public const string Ppo =
        """
        model: model
        output: out
        prompts: {path: prompts.jsonl}
        rewards: [{type: repetition}]
        ppo: {steps: 2, prompts_per_step: 2, max_new_tokens: 4}
        threads: 1
        checkpoints: {every: 1}
        """;

    public const string Eval =
        """
        baseline: model
        model: model
        prompts: {path: prompts.jsonl}
        rewards: [{type: length}]
        evaluation: {samples: 1, max_new_tokens: 4, toxicity_samples: 0}
        threads: 1
        """;

    /// <summary>A folder with all that the runs read.</summary>
    public static TinyFolder CreateFolder()
    {
        var folder = new TinyFolder();
        folder.Write("prompts.jsonl", Rows(4, letter => $"{{\"prompt\":\"{letter}\",\"answer\":\"{letter}\"}}"));
        folder.Write("rows.jsonl", Rows(8, letter => $"{{\"prompt\":\"{letter}\",\"response\":\" bed\"}}"));
        folder.Write("pairs.jsonl", Rows(8, letter => $"{{\"prompt\":\"{letter}\",\"chosen\":\" bed\",\"rejected\":\" xyx\"}}"));
        return folder;
    }

    /// <summary>A command on its YAML with one piece replaced.</summary>
    /// <param name="folder">Gets the file.</param>
    /// <param name="command">The command.</param>
    /// <param name="from">The piece; empty: the other is added as a line.</param>
    /// <param name="to">What stands there instead.</param>
    public static string[] With(TinyFolder folder, string command, string from, string to)
    {
        string yaml = command switch { "sft" => Sft, "rm" => Rm, "ppo" => Ppo, _ => Eval };
        string changed = from.Length == 0 ? $"{yaml}\n{to}\n" : yaml.Replace(from, to, StringComparison.Ordinal);
        Assert.That(changed, Is.Not.EqualTo(yaml), $"{command} has no '{from}'");
        return [command, "-c", folder.Write("run.yaml", changed)];
    }

    /// <summary>A command on its YAML as it is.</summary>
    public static string[] Of(TinyFolder folder, string command) => With(folder, command, string.Empty, string.Empty);

    /// <summary>Runs what the input arranges: one message with what, where and the fix, and the right exit code.</summary>
    public static void Check(BadInput bad, TinyFolder folder)
    {
        CliRun run = CliRun.Of(string.Empty, bad.Arrange(folder));
        string[] errors = [.. run.Error.Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal))];
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(bad.Code), run.Error);
            Assert.That(run.Output, Is.Empty);
            Assert.That(errors, Has.Length.EqualTo(1), run.Error);
            Assert.That(run.Error, Does.Not.Contain("internal error").And.Not.Contain("   at ").And.Not.Contain("(Parameter").And.Not.Contain("px_"));
            foreach (string part in bad.Says)
            {
                Assert.That(run.Error, Does.Contain(part));
            }
        });
    }

    private static string Rows(int count, Func<char, string> row) => string.Concat(Enumerable.Range(0, count).Select(i => row((char)('a' + i)) + "\n"));
}
