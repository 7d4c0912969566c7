using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Kernels;
using Proximal.Models;
using Proximal.Runs;
using Proximal.Training.Supervised;

namespace Proximal.Training.RewardModel;

/// <summary>
/// Trains a reward model: mean over pairs of -log sigmoid(chosen - rejected - margin) + c (chosen + rejected)², where a
/// score is the scalar head at an answer's last token.
/// </summary>
/// <remarks>Christiano et al. 2017 (arXiv 1706.03741); margin: Llama 2 (arXiv 2307.09288).</remarks>
public sealed class RewardModelTrainer : SupervisedTrainer
{
    private const double DefaultRate = 9e-6;

    private readonly IReadOnlyList<PreferencePair> _pairs;
    private readonly IReadOnlyList<PreferencePair> _validation;
    private readonly double _center;

    /// <summary>Makes a trainer at step 0.</summary>
    /// <param name="setup">What it works with.</param>
    /// <exception cref="ArgumentException">An option, the model or a pair does not fit; the text names it.</exception>
    public RewardModelTrainer(RewardModelSetup setup)
        : base(
            Checked(setup).Model,
            setup.Options,
            DefaultRate,
            setup.Pairs.Count,
            setup.Validation.Count,
            setup.Seed,
            setup.TimeProvider)
    {
        _pairs = setup.Pairs;
        _validation = setup.Validation;
        _center = setup.Options.CenterCoefficient;
    }

    private protected override string Stage => RunKind.RewardModel;

    private protected override long Length(int item) => Length(_pairs[item]);

    private protected override int SequencesOfItem => 2;

    private protected override long ValidationLength(int item) => Length(_validation[item]);

    private protected override double Normalizer(int[] items) => items.Length;

    private protected override ObjectiveMetrics Accumulate(Trainer trainer, int[] items, double normalizer) =>
        trainer.Accumulate(Pack(_pairs, items), new BradleyTerryObjective
        {
            Normalizer = normalizer,
            Margins = Margins(_pairs, items),
            CenterCoefficient = _center,
        });

    private protected override void AddTraining(OrderedDictionary<string, double> metrics, ObjectiveMetrics sums)
    {
        metrics["train/loss"] = sums.Loss;
        metrics["train/accuracy"] = sums.BradleyTerry.Accuracy;
        metrics["train/margin"] = sums.BradleyTerry.MeanMargin;
        metrics["train/score_mean"] = sums.BradleyTerry.MeanScore;
    }

    private protected override void Measure(IEnumerable<int[]> parts, OrderedDictionary<string, double> metrics)
    {
        BradleyTerryMetrics sums = default;
        foreach (int[] part in parts)
        {
            float[] scores = Model.Score(Pack(_validation, part), ScoreOutputs.Scores).Scores;
            sums += BradleyTerry.Compute(
                Model.Engine,
                [.. part.Select((_, i) => scores[2 * i])],
                [.. part.Select((_, i) => scores[(2 * i) + 1])],
                Margins(_validation, part),
                normalizer: 1,
                centerCoefficient: _center);
        }

        WilsonInterval interval = WilsonInterval.Of(sums.Correct, sums.Pairs);
        metrics[ValidationLoss] = sums.LossSum / sums.Pairs;
        metrics["validation/accuracy"] = sums.Accuracy;
        metrics["validation/accuracy_low"] = interval.Low;
        metrics["validation/accuracy_high"] = interval.High;
        metrics["validation/margin"] = sums.MeanMargin;
        metrics["validation/score_mean"] = sums.MeanScore;
    }

    private static long Length(PreferencePair pair) => pair.ChosenTokens.Length + pair.RejectedTokens.Length;

    private static PackedBatch Pack(IReadOnlyList<PreferencePair> pairs, int[] items) =>
        PackedBatch.Pack([.. items.SelectMany(item => new[] { pairs[item].ChosenTokens, pairs[item].RejectedTokens })]);

    private static float[] Margins(IReadOnlyList<PreferencePair> pairs, int[] items) =>
        [.. items.Select(item => (float)pairs[item].Margin)];

    private static RewardModelSetup Checked(RewardModelSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(setup.Model);
        ArgumentNullException.ThrowIfNull(setup.Pairs);
        ArgumentNullException.ThrowIfNull(setup.Validation);
        ArgumentNullException.ThrowIfNull(setup.Options);
        setup.Options.Validate();
        if (setup.Model.Info.Head != ModelHead.Scalar)
        {
            throw new ArgumentException($"Model needs a scalar head; the model has a {setup.Model.Info.Head} head.", nameof(setup));
        }

        if (setup.Pairs.Count == 0)
        {
            throw new ArgumentException("Expected at least one pair.", nameof(setup));
        }

        Check(setup.Model, setup.Pairs);
        Check(setup.Model, setup.Validation);
        return setup;
    }

    private static void Check(LanguageModel model, IReadOnlyList<PreferencePair> pairs)
    {
        for (int i = 0; i < pairs.Count; i++)
        {
            string what = pairs[i].Source is { } source ? $"The pair {source}" : $"Pair {i}";
            CheckAnswer(model, pairs[i].ChosenTokens, $"{what}: the chosen answer");
            CheckAnswer(model, pairs[i].RejectedTokens, $"{what}: the rejected answer");
            if (!double.IsFinite(pairs[i].Margin) || pairs[i].Margin < 0)
            {
                throw new ArgumentException($"{what} has the margin {pairs[i].Margin}: expected a finite number of at least 0.", nameof(pairs));
            }
        }
    }

    private static void CheckAnswer(LanguageModel model, int[] tokens, string what)
    {
        model.ValidateSequence(tokens, what, "setup");
        if (tokens.Length == 0)
        {
            throw new ArgumentException($"{what} has no tokens: encode the pairs first.", nameof(tokens));
        }
    }
}
