using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>All that a demo found, for its summary, its ten lines and its report.</summary>
internal sealed record DemoFigures
{
    public required DemoOptions Options { get; init; }

    public required DemoFolder Folder { get; init; }

    public required DemoData Data { get; init; }

    /// <summary>Parameters of the base model.</summary>
    public required long Parameters { get; init; }

    /// <summary>How far simple rules come on the test triples.</summary>
    public required DemoBaselines Baselines { get; init; }

    public required RunData Sft { get; init; }

    public required RunData RewardModel { get; init; }

    public required RunData Judge { get; init; }

    public required RunData Ppo { get; init; }

    public required RunData PpoBaseReference { get; init; }

    /// <summary>The PPO model against the fine-tuned one.</summary>
    public required EvaluationResult Evaluation { get; init; }

    /// <summary>The PPO model with the base reference against the fine-tuned one.</summary>
    public required EvaluationResult BaseReference { get; init; }

    /// <summary>The fine-tuned model against the base model.</summary>
    public required EvaluationResult FineTuning { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>Seconds of this process; those before an interruption are not in it.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>It was interrupted and gone on with.</summary>
    public required bool Resumed { get; init; }

    /// <summary>The pair whose gain in reward is the median among those that both ended by themselves: neither the best nor the worst.</summary>
    public EvaluationPair Typical
    {
        get
        {
            EvaluationPair[] ended = [.. Evaluation.Pairs.Where(pair => Ended(pair.Baseline) && Ended(pair.Model))];
            EvaluationPair[] sorted = [.. (ended.Length > 0 ? ended : [.. Evaluation.Pairs]).OrderBy(Gain)];
            return sorted[sorted.Length / 2];
        }
    }

    /// <summary>By how much more the PPO model gains with the fine-tuned reference than with the base reference, by the reward model.</summary>
    public Estimate RewardAdvantage => Advantage(response => response.Score!.Value);

    /// <summary>The same by the judge.</summary>
    public Estimate JudgeAdvantage => Advantage(response => response.JudgeScore!.Value);

    /// <summary>Share of the gain in reward that the judge grants as well; both are in standard deviations of the fine-tuned model's stories.</summary>
    public double Granted => Evaluation.Judge!.Score.Difference.Value / Evaluation.Reward!.Score.Difference.Value;

    /// <summary>The last value of a run's curve.</summary>
    public static double Last(RunData run, string metric) => run.Curves.TryGetValue(metric, out Curve? curve) ? curve.Last : double.NaN;

    private static double Gain(EvaluationPair pair) => pair.Model.Score!.Value - pair.Baseline.Score!.Value;

    private static bool Ended(EvaluationResponse response) => response.FinishReason == Rollouts.FinishReason.Stop;

    /// <summary>Both models drew the same random numbers, so the difference within each pair counts.</summary>
    private Estimate Advantage(Func<EvaluationResponse, double> score) => Bootstrap.Mean(
    [
        .. Evaluation.Pairs.Zip(BaseReference.Pairs, (own, other) => score(own.Model) - score(other.Model))
            .Chunk(Evaluation.Samples).Select(differences => differences.Average()),
    ]);
}
