using Proximal.Runs;

namespace Proximal.WarmStories;

/// <summary>Where things lie in the folder of a demo.</summary>
/// <param name="root">The folder, absolute.</param>
internal sealed class DemoFolder(string root)
{
    /// <summary>The figures of the whole demo.</summary>
    public const string SummaryFile = "summary.json";

    public string Root => root;

    /// <summary>The base model, as it came.</summary>
    public string Base => In("base");

    public string Sft => In("sft");

    public string RewardModel => In("reward-model");

    public string Judge => In("judge");

    public string Ppo => In("ppo");

    public string PpoBaseReference => In("ppo-base-reference");

    /// <summary>The PPO model against the fine-tuned one.</summary>
    public string Evaluation => In("eval");

    /// <summary>The PPO model with the base reference against the fine-tuned one.</summary>
    public string EvaluationBaseReference => In("eval-base-reference");

    /// <summary>The fine-tuned model against the base model.</summary>
    public string EvaluationSft => In("eval-sft");

    /// <summary>The preference data, as they came.</summary>
    public string Triples => In("data", "preferences.jsonl");

    public string Stories => In("data", "stories.jsonl");

    public string RewardTriples => In("data", "reward-triples.jsonl");

    public string JudgeTriples => In("data", "judge-triples.jsonl");

    public string TestTriples => In("data", "test-triples.jsonl");

    public string TrainingPrompts => In("data", "training-prompts.jsonl");

    public string TestPrompts => In("data", "test-prompts.jsonl");

    public string Summary => In(SummaryFile);

    public string Report => In(Reports.RunReport.HtmlFile);

    public string MarkdownReport => In(Reports.RunReport.MarkdownFile);

    /// <summary>The demo has come to its end.</summary>
    public bool IsFinished => File.Exists(Summary) && File.Exists(Report);

    /// <summary>Where a run's model is.</summary>
    public static string ModelOf(string run) => Path.Combine(run, RunFolder.ModelFolder);

    /// <summary>Throws unless the folder is free for a new demo, or holds one to go on with.</summary>
    /// <exception cref="RunFolderException">It is not.</exception>
    public void Check(bool resume)
    {
        if (File.Exists(root))
        {
            throw new RunFolderException(root, $"{root} is a file: name a folder.");
        }

        bool holdsDemo = Directory.Exists(In("data")) || Directory.Exists(Base);
        if (!resume && Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any(entry => Path.GetFileName(entry) != RunLock.FileName))
        {
            throw new RunFolderException(root, holdsDemo
                ? $"{root} holds a demo already: name another output folder, or go on with --resume."
                : $"{root} is not empty: name another output folder.");
        }

        if (resume && !holdsDemo)
        {
            throw new RunFolderException(root, $"{root} holds no demo to go on with: leave --resume out, or name the folder of one.");
        }
    }

    private string In(params string[] parts) => Path.Combine([root, .. parts]);
}
