using System.Globalization;
using Proximal.Runs;

namespace Proximal.Reports;

/// <summary>What happened in a run, in plain sentences.</summary>
internal static class RunStory
{
    private const string Reward = "validation/reward_mean";
    private const string RewardDeviation = "validation/reward_std";
    private const string Kl = "validation/kl";
    private const string Distinct = "validation/distinct_2";
    private const double EnoughVariety = 0.8;
    private const double FarFromReference = 15;

    /// <summary>The name of the kind of run, for headings.</summary>
    public static string KindOf(RunData run) => run.Summary?.Kind switch
    {
        RunKind.Pretrain => "Pretraining run",
        RunKind.Sft => "Fine-tuning run",
        RunKind.RewardModel => "Reward-model run",
        RunKind.Ppo => "PPO run",
        _ => "Run",
    };

    /// <summary>The story, one sentence after the other.</summary>
    public static IEnumerable<string> Sentences(RunData run)
    {
        yield return Ending(run);
        if (Has(run, Reward, out Curve reward))
        {
            yield return RewardSentence(run, reward);
        }
        else if (Has(run, "objective/scores", out Curve scores))
        {
            yield return $"The mean score of the responses it trained on went from {Figures.Short(scores.First)} to {Figures.Short(scores.Last)}.";
        }

        if (Has(run, Kl, out Curve kl) || Has(run, "objective/kl", out kl))
        {
            yield return $"The model is {Figures.Short(kl.Last)} nats a response away from its reference"
                + (kl.Last > FarFromReference ? ", which is far: read the samples before you trust the reward." : ".");
        }

        if (Has(run, Distinct, out Curve distinct) && distinct.First > 0)
        {
            double kept = distinct.Last / distinct.First;
            yield return string.Create(CultureInfo.InvariantCulture, $"Its responses have {kept * 100:0} % of the variety of word pairs that they began with")
                + (kept < EnoughVariety ? ": it repeats itself, so read the samples before you trust the reward." : ".");
        }

        if (Has(run, "validation/loss", out Curve loss))
        {
            yield return $"The validation loss went from {Figures.Short(loss.First)} to {Figures.Short(loss.Last)}"
                + (loss.Last > loss.Min ? $"; it was lowest at step {Figures.Short(StepOf(loss, loss.Min))}, {Figures.Short(loss.Min)}." : ".");
        }

        if (Has(run, "validation/accuracy", out Curve accuracy))
        {
            yield return $"On held-out pairs it prefers the chosen response in {Figures.Short(100 * accuracy.Last)} % of cases"
                + $" ({AccuracyInterval(run)}at first {Figures.Short(100 * accuracy.First)} %).";
        }
    }

    /// <summary>What to say when nothing looked wrong: only a run that checks itself can say that it is right.</summary>
    public static string NothingWrong(RunData run) => run.Curves.Keys.Any(name => name.StartsWith("invariant/", StringComparison.Ordinal))
        ? "Nothing: every check that the run makes on itself held at every step."
        : "The run gave no warnings.";

    /// <summary>"step 3", "9 times, steps 3 to 17".</summary>
    public static string Steps(WarningSummary warning) => warning.Count == 1
        ? string.Create(CultureInfo.InvariantCulture, $"step {warning.FirstStep}")
        : string.Create(CultureInfo.InvariantCulture, $"{warning.Count} times, steps {warning.FirstStep} to {warning.LastStep}");

    private static string Ending(RunData run)
    {
        string steps = run.LastStep == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{run.LastStep} steps");
        string of = run.Summary is { PlannedSteps: > 0 } summary && summary.PlannedSteps != run.LastStep
            ? string.Create(CultureInfo.InvariantCulture, $" of {summary.PlannedSteps}")
            : string.Empty;
        string took = run.Summary is { Ended: { } ended, Started: var started } ? $" in {Figures.Duration(ended - started)}" : string.Empty;
        return run.Summary?.State switch
        {
            RunState.Finished => $"The run did {steps}{of}{took}.",
            RunState.Interrupted => $"The run was interrupted after {steps}{of}{took}.",
            RunState.Failed => $"The run failed after {steps}{of}: {run.Summary.Message}",
            _ => $"The run has {steps}{of} so far.",
        };
    }

    private static string RewardSentence(RunData run, Curve reward)
    {
        string change = $"On the validation prompts the mean reward went from {Figures.Short(reward.First)} to {Figures.Short(reward.Last)}";
        return reward.Points.Count > 1 && Has(run, RewardDeviation, out Curve deviation) && deviation.First > 0
            ? change + string.Create(CultureInfo.InvariantCulture, $": {(reward.Last - reward.First) / deviation.First:+0.0;-0.0;0.0} standard deviations of the start model's responses.")
            : change + ".";
    }

    private static double StepOf(Curve curve, double value) => curve.Points.First(point => point.Y == value).X;

    private static string AccuracyInterval(RunData run) =>
        Has(run, "validation/accuracy_low", out Curve low) && Has(run, "validation/accuracy_high", out Curve high)
            ? $"95 % interval {Figures.Short(100 * low.Last)} to {Figures.Short(100 * high.Last)} %; "
            : string.Empty;

    private static bool Has(RunData run, string name, out Curve curve)
    {
        bool found = run.Curves.TryGetValue(name, out Curve? value);
        curve = value ?? new Curve(name, []);
        return found;
    }
}
