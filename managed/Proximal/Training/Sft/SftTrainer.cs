using Proximal.Data;
using Proximal.Models;
using Proximal.Training.Supervised;

namespace Proximal.Training.Sft;

/// <summary>Supervised fine-tuning: the mean cross-entropy of the responses' tokens, each token of a step weighing the same.</summary>
public sealed class SftTrainer : SupervisedTrainer
{
    private readonly IReadOnlyList<SftExample> _examples;
    private readonly IReadOnlyList<SftExample> _validation;

    /// <summary>Makes a trainer at step 0.</summary>
    /// <param name="setup">What it works with.</param>
    /// <exception cref="ArgumentException">An option, the model or an example does not fit; the text names it.</exception>
    public SftTrainer(SftSetup setup)
        : base(
            Checked(setup).Model,
            setup.Options,
            setup.Options.DefaultLearningRate,
            setup.Examples.Count,
            setup.Validation.Count,
            setup.Seed,
            setup.TimeProvider)
    {
        _examples = setup.Examples;
        _validation = setup.Validation;
        Stage = setup.Stage;
    }

    private protected override string Stage { get; }

    private protected override long Length(int item) => _examples[item].Tokens.Length;

    private protected override long ValidationLength(int item) => _validation[item].Tokens.Length;

    private protected override double Normalizer(int[] items) => SftBatch.Targets(_examples, items);

    private protected override ObjectiveMetrics Accumulate(Trainer trainer, int[] items, double normalizer) =>
        trainer.Accumulate(SftBatch.Pack(_examples, items), new CrossEntropyObjective { Normalizer = normalizer });

    private protected override void AddTraining(OrderedDictionary<string, double> metrics, ObjectiveMetrics sums)
    {
        metrics["train/loss"] = sums.Loss;
        metrics["train/entropy"] = sums.Entropy;
    }

    private protected override void Measure(IEnumerable<int[]> parts, OrderedDictionary<string, double> metrics)
    {
        double sum = 0;
        long targets = 0;
        foreach (int[] part in parts)
        {
            // At weight 0 the log-prob is 0, so the sum is over the tokens to learn.
            float[] logProbs = Model.Score(SftBatch.Pack(_validation, part), ScoreOutputs.LogProbs).LogProbs;
            sum -= logProbs.Sum(value => (double)value);
            targets += SftBatch.Targets(_validation, part);
        }

        metrics[ValidationLoss] = sum / targets;
        metrics["validation/perplexity"] = Math.Exp(sum / targets);
    }

    private static SftSetup Checked(SftSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(setup.Model);
        ArgumentNullException.ThrowIfNull(setup.Examples);
        ArgumentNullException.ThrowIfNull(setup.Validation);
        ArgumentNullException.ThrowIfNull(setup.Options);
        setup.Options.Validate();
        if (setup.Model.Info.Head != ModelHead.LanguageModel)
        {
            throw new ArgumentException($"Model needs a language-model head; the model has a {setup.Model.Info.Head} head.", nameof(setup));
        }

        if (setup.Examples.Count == 0)
        {
            throw new ArgumentException("Expected at least one example.", nameof(setup));
        }

        SftBatch.Check(setup.Model, setup.Examples, nameof(setup));
        SftBatch.Check(setup.Model, setup.Validation, nameof(setup));
        return setup;
    }
}
