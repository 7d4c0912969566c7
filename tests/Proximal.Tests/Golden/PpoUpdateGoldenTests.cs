using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Kernels;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Golden;

/// <summary>Whole PPO updates: given tokens and scores go through the trainer's own steps 3 to 7.</summary>
public sealed class PpoUpdateGoldenTests
{
    /// <summary>The folder's rule for float32 against float64, or this many times the case's own float32 gap.</summary>
    private const double Tolerance = 1e-5;
    private const double GapFactor = 8;

    private static readonly GoldenReport Report = new("ppo_update");

    [OneTimeTearDown]
    public void WriteReport()
    {
        foreach (string line in Report.Lines())
        {
            TestContext.Progress.WriteLine(line);
        }
    }

    [Test]
    public void Golden_ppo_updates_are_found() => GoldenRoots.Demand(GoldenKind.PpoUpdate);

    [Test]
    public async Task Golden_ppo_update_end_to_end(
        [ValueSource(nameof(Cases))] object golden, [Values(0, 1, 4)] int microBatchSequences)
    {
        var file = (GoldenFile)golden;
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(file.Path));
        JsonElement json = document.RootElement;
        JsonElement config = json.GetProperty("config");
        CheckConventions(config);
        var given = new GivenRollout(json);
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel actor = LanguageModel.Load(engine, Beside(file, "actor"), ModelHead.LanguageModel);
        using LanguageModel reference = LanguageModel.Load(engine, Beside(file, "reference"), ModelHead.LanguageModel);
        using LanguageModel critic = LanguageModel.Load(engine, Beside(file, "critic"), ModelHead.Scalar);
        using var trainer = new PpoTrainer(new PpoSetup
        {
            Actor = actor,
            Reference = reference,
            Critic = critic,
            Reward = new LengthReward(),
            Prompts = given.Prompts,
            Options = Options(config, given) with { MicroBatchSequences = microBatchSequences },
        });

        PpoStep step = await trainer.LearnAsync(given.Rollout);

        var check = new Comparison(json, given, $"{file.Name}, micro-batches of {microBatchSequences}");
        CheckRollout(check, step.Rollout, step.Metrics);
        CheckEpochs(check, step.Minibatches);
        CheckAfter(check, trainer, step.Rollout);
        CheckWeights(check, file, "actor", actor);
        CheckWeights(check, file, "critic", critic);
        Assert.That(check.Failures, Is.Empty);
        Assert.That(step.Metrics["invariant/first_ratio_deviation"], Is.Zero);
        Assert.That(step.Metrics["invariant/first_approxkl"], Is.Zero);
    }

    private static IEnumerable<object> Cases() => GoldenRoots.Of(GoldenKind.PpoUpdate);

    private static string Beside(GoldenFile file, string name) => Path.Combine(file.Folder, name);

    /// <summary>What the case says in words must be what the trainer does.</summary>
    private static void CheckConventions(JsonElement config) => Assert.Multiple(() =>
    {
        Assert.That(config.GetProperty("whitening").GetString(), Is.EqualTo("unbiased, +1e-8 inside rsqrt, all response tokens"));
        Assert.That(config.GetProperty("clip_coefficient").GetString(), Is.EqualTo("min(1, max / (norm + 1e-6))"));
        Assert.That(config.GetProperty("penalty_before_clip").GetBoolean());
        Assert.That(config.GetProperty("lr_schedule").GetString(), Is.EqualTo("constant"));
    });

    private static PpoOptions Options(JsonElement config, GivenRollout given)
    {
        double Number(string name) => config.GetProperty(name).GetDouble();
        OptimizerOptions Optimizer(string rate) => new()
        {
            LearningRate = Number(rate),
            Schedule = ScheduleKind.Constant,
            WarmupFraction = 0,
            AdamW = new AdamWOptions
            {
                Beta1 = Number("adam_beta1"),
                Beta2 = Number("adam_beta2"),
                Epsilon = Number("adam_eps"),
                WeightDecay = Number("weight_decay"),
                MaxGradientNorm = Number("max_grad_norm"),
            },
        };
        return new PpoOptions
        {
            Steps = 1,
            PromptsPerStep = given.Rollout.Sequences,
            MaxNewTokens = config.GetProperty("response_limit").GetInt32(),
            Sampling = new SamplingOptions { Temperature = Number("temperature") },
            StopTokenIds = [config.GetProperty("eos_token_id").GetInt32()],
            Epochs = config.GetProperty("epochs").GetInt32(),
            Minibatches = config.GetProperty("minibatches").GetInt32(),
            Gamma = Number("gamma"),
            Lambda = Number("lambda"),
            ClipLow = Number("clip_low"),
            ClipHigh = Number("clip_high"),
            DualClip = Number("dual_clip"),
            ValueClip = Number("value_clip"),
            ValueClipUnit = ValueClipUnit.Absolute,
            EntropyCoefficient = Number("entropy_coefficient"),
            RewardClip = Number("reward_clip"),
            MissingEndPenalty = Number("missing_end_penalty"),
            Kl = new PpoKlOptions
            {
                Estimator = Enum.Parse<KlEstimator>(config.GetProperty("kl_estimator").GetString()!, ignoreCase: true),
                Coefficient = Number("beta"),
                LossCoefficient = Number("kl_loss_coefficient"),
            },
            Actor = Optimizer("lr_actor"),
            Critic = Optimizer("lr_critic"),
            CriticWarmupSteps = 0,
        };
    }

    private static void CheckRollout(Comparison check, Rollout rollout, IReadOnlyDictionary<string, double> metrics)
    {
        JsonElement expected = check.Json.GetProperty("rollout");
        check.Tokens("old log-prob", rollout.LogProbs, expected.GetProperty("old_log_prob"), "old_log_prob");
        check.Tokens("reference log-prob", rollout.ReferenceLogProbs, expected.GetProperty("ref_log_prob"), "old_log_prob");
        check.Tokens("value", rollout.Values, expected.GetProperty("values"));
        check.Tokens("entropy", rollout.Entropies, expected.GetProperty("entropy"));
        check.Tokens("k1", rollout.Kl.K1, expected.GetProperty("k1"));
        check.Tokens("k2", rollout.Kl.K2, expected.GetProperty("k2"));
        check.Tokens("k3", rollout.Kl.K3, expected.GetProperty("k3"));
        check.Sequences("score after penalty", rollout.PenalizedScores, expected.GetProperty("scores_after_penalty"));
        check.Tokens("token reward", rollout.Rewards, expected.GetProperty("token_rewards"));
        check.Tokens("advantage", rollout.Advantages, expected.GetProperty("advantages"));
        check.Tokens("return", rollout.Returns, expected.GetProperty("returns"));
        check.Tokens(
            "whitened advantage", rollout.PolicyAdvantages, expected.GetProperty("whitened_advantages"), "whitened_advantages");
        check.Number("sequence KL", metrics["objective/kl"], expected.GetProperty("mean_sequence_kl_k1"));
        check.Number("advantage mean", metrics["advantage/mean"], expected.GetProperty("advantage_mean"));
        check.Number(
            "advantage deviation",
            metrics["advantage/std"],
            Math.Sqrt(expected.GetProperty("advantage_variance_unbiased").GetDouble()));
    }

    private static void CheckEpochs(Comparison check, IReadOnlyList<PpoMinibatch> minibatches)
    {
        JsonElement expected = check.Json.GetProperty("epochs");
        Assert.That(minibatches, Has.Count.EqualTo(expected.GetArrayLength()));
        for (int epoch = 0; epoch < minibatches.Count; epoch++)
        {
            CheckEpoch(check, minibatches[epoch], expected[epoch], epoch);
        }
    }

    private static void CheckEpoch(Comparison check, PpoMinibatch actual, JsonElement expected, int epoch)
    {
        PolicyMetrics policy = actual.Policy.Policy;
        ValueMetrics value = actual.Value.Value;
        StepResult actor = actual.ActorStep!.Value;
        check.Number("policy loss", actual.PolicyLoss, expected.GetProperty("policy_loss"), "policy_loss", epoch);
        check.Number("clip fraction", policy.ClipFraction, expected.GetProperty("clip_fraction"));
        check.Number("clip fraction high", policy.ClipFractionHigh, expected.GetProperty("clip_fraction_high"));
        check.Number("clip fraction low", policy.ClipFractionLow, expected.GetProperty("clip_fraction_low"));
        check.Number("dual clip fraction", policy.DualClipFraction, expected.GetProperty("dual_clip_fraction"));
        check.Number("approximate KL", policy.ApproxKl, expected.GetProperty("approx_kl"));
        check.Number("approximate KL k1", policy.ApproxKlK1, expected.GetProperty("approx_kl_k1"));
        check.Number("approximate KL k3", policy.ApproxKlK3, expected.GetProperty("approx_kl_k3"));
        check.Number("ratio mean", policy.MeanRatio, expected.GetProperty("ratio_mean"));
        check.Number("ratio max", policy.RatioMax, expected.GetProperty("ratio_max"));
        check.Number("entropy mean", actual.Policy.Entropy, expected.GetProperty("entropy"));
        check.Number("value loss", actual.ValueLoss, expected.GetProperty("value_loss"), "value_loss", epoch);
        check.Number("value clip fraction", value.ClipFraction, expected.GetProperty("value_clip_fraction"));
        check.Number("explained variance", value.ExplainedVariance, expected.GetProperty("explained_variance"));
        check.Number("actor gradient norm", actor.GradientNorm, expected.GetProperty("actor_grad_norm"));
        check.Number("actor clip coefficient", actor.ClipCoefficient, expected.GetProperty("actor_clip_coefficient"));
        check.Number("critic gradient norm", actual.CriticStep.GradientNorm, expected.GetProperty("critic_grad_norm"));
        check.Number("critic clip coefficient", actual.CriticStep.ClipCoefficient, expected.GetProperty("critic_clip_coefficient"));
        check.Number("actor learning rate", actual.ActorLearningRate, expected.GetProperty("lr_actor"));
        check.Number("critic learning rate", actual.CriticLearningRate, expected.GetProperty("lr_critic"));
    }

    private static void CheckAfter(Comparison check, PpoTrainer trainer, Rollout rollout)
    {
        JsonElement expected = check.Json.GetProperty("after");
        var batch = new PackedBatch(rollout.Tokens, rollout.Offsets);
        float[] logProbs = trainer.Actor.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        float[] values = trainer.Critic.Score(batch, ScoreOutputs.Values).Values;
        check.Tokens("log-prob after the update", logProbs, expected.GetProperty("log_prob"));
        check.Tokens("value after the update", values, expected.GetProperty("values"));
    }

    private static void CheckWeights(Comparison check, GoldenFile file, string name, LanguageModel model)
    {
        Dictionary<string, Safetensors.Tensor> expected =
            Safetensors.Read(Beside(file, $"{name}_final_f64.safetensors"));
        Assert.That(model.Tensors.Select(tensor => tensor.Name), Is.EquivalentTo(expected.Keys));
        foreach ((string tensor, Safetensors.Tensor final) in expected)
        {
            double[] wanted = final.Doubles();
            float[] values = model.ReadTensor(tensor);
            for (int i = 0; i < wanted.Length; i++)
            {
                check.Number($"{name} weight", values[i], wanted[i], $"{name}_parameters");
            }
        }
    }

    /// <summary>The case's sequences as a rollout that has scores and nothing else.</summary>
    private sealed class GivenRollout
    {
        public GivenRollout(JsonElement json)
        {
            JsonElement batch = json.GetProperty("batch");
            int[] tokens = Integers(batch.GetProperty("tokens"));
            int[] offsets = Integers(batch.GetProperty("offsets"));
            int[] prompts = Integers(batch.GetProperty("prompt_lengths"));
            int end = json.GetProperty("config").GetProperty("eos_token_id").GetInt32();
            int limit = json.GetProperty("config").GetProperty("response_limit").GetInt32();
            Limit = limit;
            Prompts = [.. prompts.Select((length, s) => new Prompt { Tokens = tokens[offsets[s]..(offsets[s] + length)] })];
            Rollout = new Rollout
            {
                Tokens = tokens,
                Offsets = Array.ConvertAll(offsets, offset => (long)offset),
                PromptLengths = prompts,
                FinishReasons =
                [
                    .. prompts.Select((length, s) =>
                        tokens[offsets[s + 1] - 1] != end && offsets[s + 1] - offsets[s] - length == limit
                            ? FinishReason.Length
                            : FinishReason.Stop),
                ],
                Scores = Array.ConvertAll(Doubles(batch.GetProperty("scores")), score => (float)score),
            };
        }

        public int Limit { get; }

        public Prompt[] Prompts { get; }

        public Rollout Rollout { get; }

        public static double[] Doubles(JsonElement tensor) =>
            [.. tensor.GetProperty("data").EnumerateArray().Select(value => value.GetDouble())];

        private static int[] Integers(JsonElement tensor) =>
            [.. tensor.GetProperty("data").EnumerateArray().Select(value => value.GetInt32())];
    }

    /// <summary>Compares with the case, reports the worst deviations and collects what is too far off.</summary>
    private sealed class Comparison(JsonElement json, GivenRollout given, string where)
    {
        public JsonElement Json => json;

        public List<string> Failures { get; } = [];

        /// <summary>A [S, limit] tensor that is aligned with the responses.</summary>
        public void Tokens(string quantity, float[] actual, JsonElement expected, string? gap = null)
        {
            double[] wanted = GivenRollout.Doubles(expected);
            for (int s = 0; s < given.Rollout.Sequences; s++)
            {
                int begin = given.Rollout.Response(s).Start.Value;
                for (int t = 0; t < given.Rollout.ResponseLength(s); t++)
                {
                    Number(quantity, actual[begin + t], wanted[(s * given.Limit) + t], gap);
                }
            }
        }

        public void Sequences(string quantity, float[] actual, JsonElement expected)
        {
            double[] wanted = GivenRollout.Doubles(expected);
            Assert.That(actual, Has.Length.EqualTo(wanted.Length));
            for (int s = 0; s < wanted.Length; s++)
            {
                Number(quantity, actual[s], wanted[s]);
            }
        }

        public void Number(string quantity, double actual, JsonElement expected, string? gap = null, int? index = null) =>
            Number(quantity, actual, expected.GetDouble(), gap, index);

        public void Number(string quantity, double actual, double expected, string? gap = null, int? index = null)
        {
            double tolerance = Math.Max(Tolerance, GapFactor * Gap(gap, index));
            double deviation = GoldenReport.Deviation(actual, expected);
            Report.Add(quantity, deviation, tolerance, where);
            if (!(deviation <= tolerance))
            {
                Failures.Add($"{quantity}: {actual:R}, expected {expected:R}");
            }
        }

        private double Gap(string? name, int? index)
        {
            if (name is null)
            {
                return 0;
            }

            JsonElement gap = json.GetProperty("float32_gap").GetProperty(name);
            return index is { } place ? gap[place].GetDouble() : gap.GetDouble();
        }
    }
}
