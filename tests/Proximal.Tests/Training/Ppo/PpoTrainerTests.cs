using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

public sealed class PpoTrainerTests
{
    private PpoBench _bench = null!;

    [SetUp]
    public void SetUp() => _bench = new PpoBench();

    [TearDown]
    public void TearDown() => _bench.Dispose();

    [Test]
    public async Task The_first_minibatch_starts_at_ratio_1_and_approximate_KL_0_exactly()
    {
        PpoOptions options = PpoBench.Quick with { Sampling = new SamplingOptions { Temperature = 0.7 } };
        List<PpoStep> steps = await PpoBench.Run(_bench.Setup(options));
        Assert.Multiple(() =>
        {
            foreach (PpoStep step in steps)
            {
                Assert.That(step.Metrics["invariant/first_ratio_deviation"], Is.Zero);
                Assert.That(step.Metrics["invariant/first_approxkl"], Is.Zero);
                Assert.That(step.Minibatches[0].Policy.Policy.MeanRatio, Is.EqualTo(1));
                Assert.That(step.Minibatches[^1].Policy.Policy.ApproxKl, Is.GreaterThan(0));
                Assert.That(step.Metrics["rollout/logprob_difference_max"], Is.Zero);
                Assert.That(step.Rollout.Kl.K3, Is.All.GreaterThanOrEqualTo(0));
                Assert.That(step.Warnings, Has.None.Contains("first minibatch"));
            }
        });
    }

    [Test]
    public async Task Log_probs_that_sampling_recorded_are_those_of_a_scoring_pass()
    {
        PpoOptions options = PpoBench.Quick with { Sampling = new SamplingOptions { Temperature = 0.7 } };
        List<PpoStep> recorded = await PpoBench.Run(_bench.Setup(options));
        using var again = new PpoBench();
        List<PpoStep> recomputed = await PpoBench.Run(again.Setup(options with { RecomputeLogProbs = true }));
        Assert.Multiple(() =>
        {
            Assert.That(recorded[0].Rollout.LogProbs, Is.SameAs(recorded[0].Rollout.SamplingLogProbs));
            Assert.That(recomputed[0].Rollout.LogProbs, Is.Not.SameAs(recomputed[0].Rollout.SamplingLogProbs));
            Assert.That(recomputed.Select(step => step.Rollout.LogProbs), Is.EqualTo(recorded.Select(step => step.Rollout.LogProbs)));
            Assert.That(recomputed.Select(step => step.Rollout.Entropies), Is.EqualTo(recorded.Select(step => step.Rollout.Entropies)));
            Assert.That(PpoBench.Weights(again.Actor), Is.EqualTo(PpoBench.Weights(_bench.Actor)));
        });
    }

    [Test]
    public async Task Old_log_probs_of_another_policy_are_named_by_their_token()
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        Rollout rollout = (await trainer.RunAsync().FirstAsync()).Rollout;
        using var other = new PpoBench(scale: 0.5);
        using var second = new PpoTrainer(other.Setup(PpoBench.Quick));
        PpoStep step = await second.LearnAsync(rollout with { SamplingLogProbs = [] });
        Assert.Multiple(() =>
        {
            Assert.That(step.Metrics["invariant/first_ratio_deviation"], Is.GreaterThan(0));
            Assert.That(
                step.Warnings,
                Has.Some.Matches("does not start at ratio 1: response token \\d+ of sequence \\d+ \\(id \\d+\\) has log-prob"));
            Assert.That(step.Metrics["rollout/logprob_difference_max"], Is.NaN);
        });
    }

    [Test]
    public async Task Equal_seeds_give_equal_runs_bit_for_bit_and_others_do_not()
    {
        List<PpoStep> first = await PpoBench.Run(_bench.Setup(PpoBench.Quick));
        using var again = new PpoBench();
        List<PpoStep> second = await PpoBench.Run(again.Setup(PpoBench.Quick));
        using var other = new PpoBench();
        List<PpoStep> third = await PpoBench.Run(other.Setup(PpoBench.Quick, seed: 8));
        Assert.Multiple(() =>
        {
            Assert.That(second.Select(Curves), Is.EqualTo(first.Select(Curves)));
            Assert.That(PpoBench.Weights(again.Actor), Is.EqualTo(PpoBench.Weights(_bench.Actor)));
            Assert.That(third.Select(Curves), Is.Not.EqualTo(first.Select(Curves)));
        });
    }

    [TestCase(LossReductionKind.TokenMean)]
    [TestCase(LossReductionKind.SequenceMeanOfTokenMean)]
    [TestCase(LossReductionKind.SequenceMeanOfTokenSum)]
    [TestCase(LossReductionKind.FixedLength)]
    public async Task Micro_batches_add_up_to_the_whole(LossReductionKind reduction)
    {
        PpoOptions options = PpoBench.Quick with
        {
            Steps = 1,
            PromptsPerStep = 24,
            StopTokenIds = [PpoBench.FirstDigit],
            Epochs = 1,
            Minibatches = 1,
            Reduction = reduction,
        };
        PpoMinibatch whole = (await PpoBench.Run(_bench.Setup(options with { MicroBatchSequences = 0 })))[0].Minibatches[0];
        foreach ((int sequences, int tokens) in new[] { (1, 8192), (5, 8192), (0, 20) })
        {
            using var bench = new PpoBench();
            PpoOptions cut = options with { MicroBatchSequences = sequences, MicroBatchTokens = tokens };
            PpoMinibatch parts = (await PpoBench.Run(bench.Setup(cut)))[0].Minibatches[0];
            Assert.Multiple(() =>
            {
                Assert.That(Norm(parts), Is.EqualTo(Norm(whole)).Within(1e-5 * Norm(whole)));
                Assert.That(
                    parts.CriticStep.GradientNorm,
                    Is.EqualTo(whole.CriticStep.GradientNorm).Within(1e-5 * whole.CriticStep.GradientNorm));
                Assert.That(parts.PolicyLoss, Is.EqualTo(whole.PolicyLoss).Within(1e-6));
                Assert.That(parts.ValueLoss, Is.EqualTo(whole.ValueLoss).Within(1e-6));
                Assert.That(parts.Policy.Tokens, Is.EqualTo(whole.Policy.Tokens));
            });
        }

        static double Norm(PpoMinibatch minibatch) => minibatch.ActorStep!.Value.GradientNorm;
    }

    [Test]
    public async Task Every_epoch_takes_every_sequence_once_in_another_order()
    {
        PpoOptions options = PpoBench.Quick with { Steps = 1, Epochs = 3, Minibatches = 5 };
        PpoStep step = (await PpoBench.Run(_bench.Setup(options)))[0];
        Assert.Multiple(() =>
        {
            Assert.That(step.Minibatches, Has.Count.EqualTo(15));
            for (int epoch = 0; epoch < 3; epoch++)
            {
                Assert.That(
                    step.Minibatches.Where(minibatch => minibatch.Epoch == epoch).Sum(minibatch => minibatch.Policy.Tokens),
                    Is.EqualTo(step.Rollout.ResponseTokens));
            }

            Assert.That(step.Minibatches[0].Value.Value.ReturnsSum, Is.Not.EqualTo(step.Minibatches[5].Value.Value.ReturnsSum));
        });
    }

    [Test]
    public async Task Token_rewards_land_on_their_tokens()
    {
        var reward = new DelegateReward("places", (batch, _) => ValueTask.FromResult(new RewardResult
        {
            Scores = new float[batch.Count],
            TokenRewards = [.. batch.Rows.SelectMany(row => row.ResponseTokens.Select((token, i) => (float)(token + (100 * i))))],
        }));
        PpoOptions options = PpoBench.Quick with { Steps = 1, Kl = new PpoKlOptions { Coefficient = 0 } };
        Rollout rollout = (await PpoBench.Run(_bench.Setup(options, reward)))[0].Rollout;
        Assert.Multiple(() =>
        {
            for (int s = 0; s < rollout.Sequences; s++)
            {
                Assert.That(
                    rollout.Rewards[rollout.Response(s)],
                    Is.EqualTo(rollout.Tokens[rollout.Response(s)].Select((token, i) => (float)(token + (100 * i)))));
            }
        });
    }

    [Test]
    public async Task Cut_responses_pay_before_the_clip_and_ended_ones_do_not()
    {
        PpoOptions options = PpoBench.Quick with
        {
            Steps = 1,
            PromptsPerStep = 64,
            StopTokenIds = [PpoBench.FirstDigit],
            MissingEndPenalty = 3,
            RewardClip = 2.5,
        };
        Rollout rollout = (await PpoBench.Run(_bench.Setup(options, new DelegateReward("four", _ => 4))))[0].Rollout;
        Assert.That(rollout.FinishReasons, Has.Some.EqualTo(FinishReason.Stop).And.Some.EqualTo(FinishReason.Length));
        Assert.Multiple(() =>
        {
            for (int s = 0; s < rollout.Sequences; s++)
            {
                bool cut = rollout.FinishReasons[s] == FinishReason.Length;
                int last = (int)rollout.Offsets[s + 1] - 1;
                Assert.That(rollout.PenalizedScores[s], Is.EqualTo(cut ? 1 : 4));
                Assert.That(rollout.Rewards[last], Is.EqualTo(cut ? 1 : 2.5).Within(1e-5), "the actor is still the reference");
            }
        });
    }

    [Test]
    public async Task The_arithmetic_of_a_step_counts_what_each_model_does([Values] bool recompute)
    {
        const int Epochs = 3;
        PpoStep step = (await PpoBench.Run(_bench.Setup(PpoBench.Quick with { Epochs = Epochs, RecomputeLogProbs = recompute })))[0];
        Rollout rollout = step.Rollout;
        double actor = Passes(_bench.Actor.Info), critic = Passes(_bench.Actor.Info with
        {
            Head = ModelHead.Scalar,
            ParameterCount = _bench.Actor.Info.ParameterCount - ((_bench.Actor.Info.VocabularySize - 1) * _bench.Actor.Info.HiddenSize),
        });
        // A response is generated token by token; the prompt's last one goes through the head too.
        double prompts = 2.0 * rollout.Sequences * _bench.Actor.Info.VocabularySize * _bench.Actor.Info.HiddenSize;
        double scoring = actor + critic + (recompute ? actor : 0);
        double expected = actor + prompts + scoring + (3 * Epochs * (actor + critic));

        Assert.Multiple(() =>
        {
            Assert.That(step.Metrics["time/gflop_per_s"] * step.Metrics["time/total_s"] * 1e9, Is.EqualTo(expected).Within(1e-6).Percent);
            Assert.That(step.Metrics["time/utilization"], Is.InRange(1e-9, 1.5));
        });

        double Passes(ModelInfo model) => Enumerable.Range(0, rollout.Sequences).Sum(s =>
        {
            long length = rollout.Offsets[s + 1] - rollout.Offsets[s];
            return ModelFlops.Forward(model, 0, length, length - rollout.PromptLengths[s]);
        });
    }

    [Test]
    public async Task Rollouts_from_elsewhere_were_not_generated_here()
    {
        PpoOptions options = PpoBench.Quick with { RecomputeLogProbs = true };
        PpoStep own = (await PpoBench.Run(_bench.Setup(options)))[0];
        using var other = new PpoBench();
        using var trainer = new PpoTrainer(other.Setup(options));
        PpoStep given = await trainer.LearnAsync(own.Rollout);
        double generated = PpoFlops.Rollout(own.Rollout, other.Actor.Info, 1);

        Assert.That(Flop(own) - Flop(given), Is.EqualTo(generated + Scored(own)).Within(1e-6).Percent);

        // Log-probs came with the rollout, so the actor does not score it.
        double Scored(PpoStep step) => PpoFlops.Pass(step.Rollout, other.Actor.Info);
        static double Flop(PpoStep step) => step.Metrics["time/gflop_per_s"] * step.Metrics["time/total_s"] * 1e9;
    }

    [Test]
    public async Task Every_metric_is_documented_and_every_documented_one_exists()
    {
        string text = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Runs", "METRICS.md"));
        string table = text[..text.IndexOf("\n## ", StringComparison.Ordinal)]; // the sections after it are of other stages
        string[] documented =
        [
            .. Regex.Matches(table, @"(?m)^\| (`[^|]*`) \|")
                .SelectMany(row => row.Groups[1].Value.Split(", "))
                .Select(name => name.Trim('`'))
                .Where(name => !name.StartsWith("validation/", StringComparison.Ordinal) && !name.StartsWith("ptx/", StringComparison.Ordinal)),
        ];
        IEnumerable<string> produced = (await PpoBench.Run(_bench.Setup(PpoBench.Quick)))[^1].Metrics.Keys
            .Select(name => name.StartsWith("reward/", StringComparison.Ordinal) ? "reward/NAME" : name);
        Assert.That(produced, Is.EquivalentTo(documented));
    }

    [Test]
    public void Setups_that_do_not_fit_are_refused_with_the_reason()
    {
        PpoSetup setup = _bench.Setup(PpoBench.Quick);
        using LanguageModel critic = _bench.Actor.CloneWeights(ModelHead.Scalar, HeadInitialization.Zero);
        Assert.Multiple(() =>
        {
            Refused(setup with { Critic = _bench.Actor }, "Critic needs a Scalar head");
            Refused(setup with { Reference = critic }, "Reference needs a LanguageModel head");
            Refused(setup with { Prompts = [] }, "Expected at least one prompt");
            Refused(setup with { Prompts = [new() { Tokens = [1, 99] }] }, "Prompt 0 has token 99");
            Refused(
                setup with { Prompts = [new() { Tokens = new int[27], File = "/a/p.jsonl", Line = 4 }] },
                "The prompt p.jsonl:4 has 27 tokens: expected 1 to 26");
            Refused(setup with { Options = PpoBench.Quick with { StopTokenIds = [13] } }, "The stop token 13 is none");
        });
    }

    [Test]
    public async Task Rollouts_from_elsewhere_that_do_not_fit_are_refused_with_the_reason()
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        Rollout good = (await trainer.RunAsync().FirstAsync()).Rollout;
        Assert.Multiple(() =>
        {
            Given(good with { Scores = [] }, "has no scores");
            Given(good with { Scores = [.. good.Scores.Skip(1), float.NaN] }, "The score of sequence 15 is NaN");
            Given(good with { PromptLengths = [.. good.PromptLengths.Skip(1)] }, "Offsets must go from 0");
            Given(good with { PromptLengths = [0, .. good.PromptLengths.Skip(1)] }, "Sequence 0 has a prompt of 0");
            Given(good with { Values = new float[3] }, "Values has 3 entries");
        });

        void Given(Rollout rollout, string reason) =>
            Assert.That(() => trainer.LearnAsync(rollout), Throws.ArgumentException.With.Message.Contains(reason));
    }

    private static string Curves(PpoStep step) => string.Join(
        ' ',
        step.Metrics
            .Where(metric => !metric.Key.StartsWith("time/", StringComparison.Ordinal))
            .Select(metric => $"{metric.Key}={BitConverter.DoubleToInt64Bits(metric.Value):x}"));

    private static void Refused(PpoSetup setup, string reason) => Assert.That(
        () => new PpoTrainer(setup), Throws.InstanceOf<ArgumentException>().With.Message.Contains(reason));
}
