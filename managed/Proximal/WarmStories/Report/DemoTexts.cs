using System.Globalization;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>The words of a demo's report, shared by the page and the Markdown.</summary>
internal static class DemoTexts
{
    public const string Title = "Teaching a small model to write warm stories";

    /// <summary>What makes a story warm, part by part.</summary>
    public static IReadOnlyList<(string Part, string Meaning)> Warm { get; } =
    [
        ("A need", "somebody is sad, afraid, lost, or cannot do something alone."),
        ("Someone who notices", "it is seen before it is explained."),
        ("An act of kindness", "something is done: shared, mended, carried, waited for. Sweet words alone are not an act."),
        ("A change of feeling", "shown, not told: a face, a gesture, a laugh; and it stays until the end."),
    ];

    /// <summary>What a rejected story lacks, by the word in the data.</summary>
    public static IReadOnlyDictionary<string, string> Lacks { get; } = new Dictionary<string, string>
    {
        ["act"] = "sweet words, but nobody does anything",
        ["notice"] = "nobody notices the need",
        ["feeling"] = "the change of feeling is absent or only stated",
        ["ending"] = "it ends coldly",
        ["repetition"] = "it repeats itself",
        ["prompt"] = "it forgets how the story began",
        ["sampled"] = "written by the fine-tuned model itself",
    };

    /// <summary>What was done, step by step.</summary>
    public static IEnumerable<(string Step, string Text)> Steps(DemoFigures figures)
    {
        DemoData data = figures.Data;
        yield return ("The base model", $"has {DemoLines.Millions(figures.Parameters)} parameters, some ten thousand times fewer than a chat model. It has learned from simple children's stories to go on with a text, word by word. It knows nothing of warmth.");
        yield return ("Fine-tuning", $"showed it {data.Stories.Count()} warm stories, written for this purpose, and trained it to go on as they do. Its error on stories kept aside fell from {Short(figures.Sft, "validation/loss", curve => curve.First)} to {Short(figures.Sft, "validation/loss", curve => curve.Min)} nats a token{Took(figures.Sft)}. This is imitation: it cannot tell which of its own stories is the better one.");
        yield return ("The reward model", $"is a copy that learned to tell: from {data.Reward.Count} pairs of a warm story and one that lacks something, it gives every story a number{Took(figures.RewardModel)}.");
        yield return ("The judge", $"is another such model, from {data.Judge.Count} pairs with other beginnings. It takes no part in training. It is there to be asked whether a gain is real{Took(figures.Judge)}.");
        yield return ("PPO", $"let the model write {figures.Options.Recipe.Ppo.PromptsPerStep * figures.Options.Recipe.Ppo.SamplesPerPrompt} stories a step, {figures.Ppo.LastStep} steps long, had the reward model score them, and made likelier what scored better than expected. A penalty for every nat of distance (KL) from the fine-tuned model keeps it from forgetting how to write; repeating itself and not coming to an end cost a little, too{Took(figures.Ppo)}.");
        yield return ("The same PPO once more", $"with the base model in the place of the fine-tuned one as what to stay near{Took(figures.PpoBaseReference)}; see \"Which reference?\".");
        yield return ("Evaluation", $"gave all models the same {figures.Evaluation.Prompts} story beginnings that none was trained on, {figures.Evaluation.Samples} stories each, with the same random numbers. All stories of this page are drawn at temperature {figures.Options.Recipe.Temperature.ToString(CultureInfo.InvariantCulture)}: likelier words are taken more often than the model would by itself, which suits one this small.");
    }

    /// <summary>The figures of all four models, column by column.</summary>
    public static IEnumerable<IReadOnlyList<string>> Table(DemoFigures figures)
    {
        EvaluationResult sft = figures.FineTuning;
        EvaluationResult ppo = figures.Evaluation;
        EvaluationResult other = figures.BaseReference;
        yield return ["", "base model", "fine-tuned", "PPO, fine-tuned reference", "PPO, base reference"];
        yield return ["reward", Text(sft.Reward!.Score.Baseline), Text(ppo.Reward!.Score.Baseline), Text(ppo.Reward.Score.Model), Text(other.Reward!.Score.Model)];
        yield return ["gain over the fine-tuned model", "", "", DemoLines.Signed(ppo.Reward.Score.Difference), DemoLines.Signed(other.Reward.Score.Difference)];
        yield return ["judge", Text(sft.Judge!.Score.Baseline), Text(ppo.Judge!.Score.Baseline), Text(ppo.Judge.Score.Model), Text(other.Judge!.Score.Model)];
        yield return ["gain by the judge", "", "", DemoLines.Signed(ppo.Judge.Score.Difference), DemoLines.Signed(other.Judge.Score.Difference)];
        yield return ["stories that beat the fine-tuned model's", "", "", DemoLines.Percent(ppo.Reward.WinRate.Value), DemoLines.Percent(other.Reward.WinRate.Value)];
        yield return ["the same by the judge", "", "", DemoLines.Percent(ppo.Judge.WinRate.Value), DemoLines.Percent(other.Judge.WinRate.Value)];
        yield return ["KL to the fine-tuned model, nats a story", "", "0", DemoLines.Short(ppo.Kl.Value), DemoLines.Short(other.Kl.Value)];
        yield return ["KL to the base model, nats a story", "0", Distance(sft), Distance(ppo), Distance(other)];
        yield return ["stories that end by themselves", DemoLines.Percent(sft.EndRate.Baseline.Value), DemoLines.Percent(ppo.EndRate.Baseline.Value), DemoLines.Percent(ppo.EndRate.Model.Value), DemoLines.Percent(other.EndRate.Model.Value)];
        yield return ["variety (distinct-2)", Share(sft.BaselineText.Distinct2), Share(ppo.BaselineText.Distinct2), Share(ppo.ModelText.Distinct2), Share(other.ModelText.Distinct2)];
        yield return ["repetition within a story", Share(sft.BaselineText.Repetition), Share(ppo.BaselineText.Repetition), Share(ppo.ModelText.Repetition), Share(other.ModelText.Repetition)];
        yield return ["tokens a story", DemoLines.Short(sft.Length.Baseline.Value), DemoLines.Short(ppo.Length.Baseline.Value), DemoLines.Short(ppo.Length.Model.Value), DemoLines.Short(other.Length.Model.Value)];
    }

    /// <summary>Both references side by side.</summary>
    public static IEnumerable<IReadOnlyList<string>> ReferenceTable(DemoFigures figures)
    {
        EvaluationResult own = figures.Evaluation;
        EvaluationResult other = figures.BaseReference;
        yield return ["", "fine-tuned model as reference", "base model as reference"];
        yield return ["gain in reward", DemoLines.Signed(own.Reward!.Score.Difference), DemoLines.Signed(other.Reward!.Score.Difference)];
        yield return ["gain by the judge", DemoLines.Signed(own.Judge!.Score.Difference), DemoLines.Signed(other.Judge!.Score.Difference)];
        yield return ["KL to the fine-tuned model, nats a story", DemoLines.Short(own.Kl.Value), DemoLines.Short(other.Kl.Value)];
        yield return ["KL to the base model, nats a story", Distance(own), Distance(other)];
        yield return ["stories that end by themselves", DemoLines.Percent(own.EndRate.Model.Value), DemoLines.Percent(other.EndRate.Model.Value)];
        yield return ["variety (distinct-2)", Share(own.ModelText.Distinct2), Share(other.ModelText.Distinct2)];
        yield return ["repetition within a story", Share(own.ModelText.Repetition), Share(other.ModelText.Repetition)];
        yield return ["tokens a story", DemoLines.Short(own.Length.Model.Value), DemoLines.Short(other.Length.Model.Value)];
    }

    /// <summary>Can the scorers be trusted?</summary>
    public static string Scorers(DemoFigures figures) => string.Create(
        CultureInfo.InvariantCulture,
        $"On {figures.Data.Test.Count()} pairs with new beginnings the reward model prefers the warm story in {Accuracy(figures.RewardModel)} of cases, the judge in {Accuracy(figures.Judge)}. ")
        + $"A coin would reach 50 %, the rule that goes by length alone {DemoLines.Percent(figures.Baselines.Length)}, counting words {DemoLines.Percent(figures.Baselines.BagOfWords)}. "
        + "So both have learned something of what warm means, and both are often wrong: a score is a hint, and a second scorer is needed to believe a gain.";

    /// <summary>What this does not show.</summary>
    public static IReadOnlyList<string> Limits { get; } =
    [
        "The model is tiny. Its stories are simple, and it loses the thread where a larger one would not.",
        "Reward model and judge are as small, learned from a few hundred pairs of one data set, and share their blind spots: where both are wrong together, nothing here shows it. Only people can; `proximal judge` on the folder eval asks you, without telling which model wrote what.",
        "Warmth is what this data set means by it. Other people would write other pairs.",
        "The intervals are over test prompts. They say nothing about another training run; run it again with --seed 2 to see one.",
    ];

    /// <summary>What lies where in the demo's folder.</summary>
    public static IReadOnlyList<(string Folder, string Content)> Folders { get; } =
    [
        ("base", "the base model"),
        ("data", "the stories, triples and prompts that the runs read"),
        ("sft, reward-model, judge, ppo, ppo-base-reference", "the runs: settings (config.yaml), curves, every story that PPO trained on, a report each, and the model"),
        ("eval, eval-base-reference, eval-sft", "the evaluations: figures, every pair of stories, and a page each"),
        ("summary.json", "the figures of this page"),
    ];

    private static string Accuracy(RunData run) =>
        $"{DemoLines.Percent(DemoFigures.Last(run, "validation/accuracy"))} (95 % interval {DemoLines.Percent(DemoFigures.Last(run, "validation/accuracy_low"))} to {DemoLines.Percent(DemoFigures.Last(run, "validation/accuracy_high"))})";

    private static string Distance(EvaluationResult result) => DemoLines.Short(result.References[DemoRuns.BaseName].Model.Value);

    private static string Share(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Text(Estimate estimate) => DemoLines.Plus(estimate.Value);

    private static string Took(RunData run) =>
        run.Summary is { Ended: { } ended, Started: var started } ? $" ({Figures.Duration(ended - started)})" : string.Empty;

    private static string Short(RunData run, string metric, Func<Curve, double> of) =>
        run.Curves.TryGetValue(metric, out Curve? curve) ? of(curve).ToString("0.00", CultureInfo.InvariantCulture) : "-";
}
