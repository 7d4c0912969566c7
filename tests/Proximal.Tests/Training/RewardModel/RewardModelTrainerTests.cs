using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.RewardModel;
using Proximal.Training.Supervised;

namespace Proximal.Tests.Training.RewardModel;

public sealed class RewardModelTrainerTests : ModelFixture
{
    private static readonly RewardModelOptions Quick = new()
    {
        Epochs = 8,
        BatchSize = 8,
        Optimizer = new OptimizerOptions { LearningRate = 5e-3 },
    };

    [Test]
    public async Task Pairs_are_told_apart_also_those_that_were_not_seen()
    {
        using LanguageModel model = Scalar();
        using var trainer = new RewardModelTrainer(new RewardModelSetup
        {
            Model = model,
            Pairs = Pairs(160, seed: 1),
            Validation = Pairs(40, seed: 2),
            Options = Quick with { Epochs = 12 },
        });
        List<SupervisedStep> steps = await All(trainer);
        IReadOnlyDictionary<string, double> last = steps[^1].Metrics;
        Assert.Multiple(() =>
        {
            Assert.That(steps[0].Metrics["validation/accuracy"], Is.LessThan(0.8), "a random head");
            Assert.That(last["validation/accuracy"], Is.GreaterThan(0.9));
            Assert.That(last["validation/accuracy_low"], Is.LessThan(last["validation/accuracy"]).And.GreaterThan(0.75));
            Assert.That(last["validation/accuracy_high"], Is.GreaterThanOrEqualTo(last["validation/accuracy"]).And.AtMost(1));
            Assert.That(last["train/margin"], Is.GreaterThan(0.5));
        });
    }

    [Test]
    public async Task The_first_loss_is_the_formula_with_margin_and_centring()
    {
        using LanguageModel model = Scalar();
        PreferencePair[] pairs = [.. Pairs(5, seed: 3).Select((pair, i) => pair with { Margin = i * 0.25 })];
        double expected = pairs.Average(pair =>
        {
            double chosen = Score(model, pair.ChosenTokens);
            double rejected = Score(model, pair.RejectedTokens);
            return Math.Log(1 + Math.Exp(-(chosen - rejected - pair.Margin))) + (0.3 * (chosen + rejected) * (chosen + rejected));
        });
        using var trainer = new RewardModelTrainer(new RewardModelSetup
        {
            Model = model,
            Pairs = pairs,
            Validation = pairs,
            Options = Quick with { CenterCoefficient = 0.3, MaxSteps = 1, MicroBatchTokens = 20 },
        });
        List<SupervisedStep> steps = await All(trainer);
        Assert.Multiple(() =>
        {
            Assert.That(steps[0].Metrics["validation/loss"], Is.EqualTo(expected).Within(1e-5));
            Assert.That(steps[1].Metrics["train/loss"], Is.EqualTo(expected).Within(1e-5));
        });
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        using LanguageModel model = Load(new TinyModel());
        using LanguageModel scalar = model.Derive(ModelHead.Scalar, HeadInitialization.Zero);
        var setup = new RewardModelSetup { Model = scalar, Pairs = Pairs(2, 1), Options = Quick };
        void Refused(RewardModelSetup bad, string says) =>
            Assert.That(() => new RewardModelTrainer(bad), Throws.InstanceOf<ArgumentException>().With.Message.Contains(says));
        Assert.Multiple(() =>
        {
            Refused(setup with { Model = model }, "Model needs a scalar head");
            Refused(setup with { Pairs = [] }, "at least one pair");
            Refused(setup with { Pairs = [new PreferencePair { ChosenTokens = [1] }] }, "Pair 0: the rejected answer has no tokens");
            Refused(setup with { Pairs = [new PreferencePair { ChosenTokens = [1], RejectedTokens = [2], Margin = double.NaN }] }, "the margin NaN");
            Refused(setup with { Validation = [new PreferencePair { ChosenTokens = [1, 99], RejectedTokens = [2] }] }, "token 99");
            Refused(setup with { Options = Quick with { CenterCoefficient = -1 } }, "CenterCoefficient");
        });
    }

    [Test]
    public async Task A_reward_scores_the_last_token_and_normalises()
    {
        using LanguageModel model = Scalar();
        var normalization = new RewardNormalization(0.5, 2, 10, "a test");
        RewardRow[] rows = [.. Pairs(3, 4).Select(pair => new RewardRow
        {
            PromptTokens = pair.ChosenTokens[..3],
            ResponseTokens = pair.ChosenTokens[3..],
            FinishReason = FinishReason.Stop,
        })];
        RewardResult result = await new RewardModelReward(model, normalization, microBatchTokens: 10).ScoreAsync(new RewardBatch(rows));
        double[] raw = [.. Pairs(3, 4).Select(pair => Score(model, pair.ChosenTokens))];
        RewardResult plain = await new RewardModelReward(model).ScoreAsync(new RewardBatch(rows));
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(raw.Select(score => (score - 0.5) / 2)).Within(1e-5));
            Assert.That(result.Components["raw"], Is.EqualTo(raw).Within(1e-5));
            Assert.That(plain.Scores, Is.EqualTo(raw).Within(1e-5));
            Assert.That(plain.Components, Is.Empty);
        });
    }

    [Test]
    public void A_normalisation_is_read_as_it_was_written()
    {
        RewardNormalization normalization = RewardNormalization.Of([1, 2, 4], "three answers");
        normalization.Write(Folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(normalization.Mean, Is.EqualTo(7 / 3.0).Within(1e-12));
            Assert.That(normalization.StandardDeviation, Is.EqualTo(Math.Sqrt(7 / 3.0)).Within(1e-12), "unbiased");
            Assert.That(RewardNormalization.Read(Folder.Path), Is.EqualTo(normalization));
            Assert.That(RewardNormalization.Read(Folder["elsewhere"]), Is.Null);
            Assert.That(() => RewardNormalization.Of([1], "one"), Throws.ArgumentException.With.Message.Contains("1 scores"));
            Assert.That(() => RewardNormalization.Of([3, 3], "equal ones"), Throws.ArgumentException.With.Message.Contains("at least two different answers"));
        });
    }

    [TestCase("{\"mean\":0,\"standard_deviation\":0,\"count\":5,\"source\":\"s\"}", "'standard_deviation' is 0")]
    [TestCase("{\"standard_deviation\":1,\"count\":5,\"source\":\"s\"}", "no field 'mean'")]
    [TestCase("{\"mean\":null,\"standard_deviation\":1,\"count\":5,\"source\":\"s\"}", "the field 'mean' is null")]
    [TestCase("{\"mean\":\"0\",\"standard_deviation\":1,\"count\":5,\"source\":\"s\"}", "the field 'mean' is a JSON string")]
    [TestCase("{\"mean\":0,", "is not JSON")]
    [TestCase("[]", "expected a JSON object such as")]
    public void A_broken_normalisation_is_refused(string text, string says)
    {
        File.WriteAllText(Folder[RewardNormalization.FileName], text);
        Assert.That(
            () => RewardNormalization.Read(Folder.Path),
            Throws.TypeOf<DataFileException>().With.Message.Contains(RewardNormalization.FileName).And.Message.Contains(says));
    }

    private LanguageModel Scalar()
    {
        using LanguageModel model = Load(new TinyModel());
        return model.Derive(ModelHead.Scalar, HeadInitialization.Normal, headSeed: 4);
    }

    private static double Score(LanguageModel model, int[] tokens) =>
        model.Score(PackedBatch.Pack([tokens]), ScoreOutputs.Scores).Scores[0];

    /// <summary>Answers of random tokens; the better one has many of the tokens 20 to 28, the worse one few.</summary>
    private static PreferencePair[] Pairs(int count, int seed)
    {
        var random = new Random(seed);
        int[] Answer(int[] prompt, double good) =>
            [.. prompt, .. Enumerable.Range(0, 5 + random.Next(4)).Select(_ => random.NextDouble() < good ? random.Next(20, 29) : random.Next(3, 20))];
        return
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                int[] prompt = [1, random.Next(3, 29), random.Next(3, 29)];
                return new PreferencePair { ChosenTokens = Answer(prompt, 0.9), RejectedTokens = Answer(prompt, 0.1) };
            }),
        ];
    }

    private static async Task<List<SupervisedStep>> All(RewardModelTrainer trainer)
    {
        var steps = new List<SupervisedStep>();
        await foreach (SupervisedStep step in trainer.RunAsync())
        {
            steps.Add(step);
        }

        return steps;
    }
}
