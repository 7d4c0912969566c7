using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tests.Golden;
using Proximal.Tests.Models;
using Proximal.Training;

namespace Proximal.Tests.Training;

/// <summary>A model that lives on a device, the emulated one: sampled, scored and trained as on the processor.</summary>
public sealed class DeviceTests
{
    private const int Vocabulary = 37;

    private TemporaryFolder _folder = null!;
    private Engine _engine = null!;
    private Engine _processor = null!;
    private string _path = null!;

    [OneTimeSetUp]
    public void StartEngines()
    {
        _folder = new TemporaryFolder();
        _path = new TinyModel { Vocabulary = Vocabulary, Hidden = 16 }.Write(_folder["model"]);
        _engine = KernelForms.Start(KernelForms.EmulatedCuda);
        _processor = new Engine(new EngineOptions { Threads = 1 });
    }

    [OneTimeTearDown]
    public void Clean()
    {
        _processor.Dispose();
        _engine.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_device_samples_what_it_scores_and_its_first_ratios_are_one()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        (PackedBatch batch, float[] sampled) = Sample(model, seed: 3);
        Assert.That(model.Score(batch, ScoreOutputs.LogProbs).LogProbs, Is.EqualTo(sampled));
        using var trainer = new Trainer(model);
        ObjectiveMetrics metrics = trainer.Accumulate(batch, Policy(batch, sampled));
        Assert.Multiple(() =>
        {
            Assert.That(metrics.Policy.RatioMin, Is.EqualTo(1));
            Assert.That(metrics.Policy.RatioMax, Is.EqualTo(1));
        });
    }

    [Test]
    public void A_step_of_PPO_on_a_device_is_the_processors()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path), same = LanguageModel.Load(_processor, _path);
        (PackedBatch batch, float[] sampled) = Sample(model, seed: 4);
        Assert.That(Sample(same, seed: 4).Batch.Tokens, Is.EqualTo(batch.Tokens));
        foreach (LanguageModel one in new[] { model, same })
        {
            using var trainer = new Trainer(one);
            trainer.Accumulate(batch, Policy(batch, sampled));
            Assert.That(trainer.Step(1e-3), Has.Property(nameof(StepResult.Step)).EqualTo(1).And.Property(nameof(StepResult.GradientNorm)).Positive);
        }

        float[] got = model.ReadTensor(0), expected = same.ReadTensor(0);
        double apart = got.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
        TestContext.Out.WriteLine($"embeddings apart by at most {apart:E1} after a step of 1e-3");
        Assert.That(apart, Is.LessThan(5e-5));
        using LanguageModel before = LanguageModel.Load(_processor, _path);
        Assert.That(got, Is.Not.EqualTo(before.ReadTensor(0)));
    }

    [Test]
    public void A_model_learns_on_a_device_and_is_saved_from_it()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        using var trainer = new Trainer(model);
        PackedBatch batch = PackedBatch.Pack([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10]]);
        var objective = new CrossEntropyObjective { Normalizer = 8 };
        double first = trainer.Accumulate(batch, objective).Loss;
        for (int i = 0; i < 40; i++)
        {
            trainer.Step(0.02);
            trainer.Accumulate(batch, objective);
        }

        float[] learned = model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        TestContext.Out.WriteLine($"loss from {first:F3} to {-learned.Sum() / 8:F3} nats a token");
        Assert.That(-learned.Sum() / 8, Is.LessThan(first / 4));
        model.Save(_folder["saved"]);
        using LanguageModel saved = LanguageModel.Load(_engine, _folder["saved"]);
        Assert.That(saved.Score(batch, ScoreOutputs.LogProbs).LogProbs, Is.EqualTo(learned));
    }

    [Test]
    public void An_engine_tells_what_its_models_copy()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        PackedBatch batch = PackedBatch.Pack([[1, 2, 3, 4]]);
        model.Score(batch, ScoreOutputs.LogProbs);
        (long into, long from) = Copied();
        model.Score(batch, ScoreOutputs.LogProbs);
        (long intoThen, long fromThen) = Copied();
        Assert.Multiple(() =>
        {
            // Two offsets, four tokens and positions, three rows and targets; log-probs and entropies of the three.
            Assert.That(intoThen - into, Is.EqualTo((2 * 8) + (4 * 8) + (3 * 12)));
            Assert.That(fromThen - from, Is.EqualTo(3 * 8));
        });
    }

    private static PolicyObjective Policy(PackedBatch batch, float[] sampled) => new()
    {
        Normalizer = 20,
        OldLogProbs = sampled,
        Advantages = (float[])[.. Enumerable.Range(0, batch.Count).Select(i => i % 3 == 0 ? -0.7f : 1.1f)],
    };

    /// <summary>Prompts with what was sampled behind them, whose log-probs are aligned to the tokens.</summary>
    private static (PackedBatch Batch, float[] LogProbs) Sample(LanguageModel model, ulong seed)
    {
        using var generator = new Generator(model, new GeneratorOptions { MaxBatch = 3, Seed = seed });
        IReadOnlyList<Generation> generations = generator.Generate(
        [
            .. Enumerable.Range(0, 5).Select(i => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = [1, 2 + i],
                MaxNewTokens = 4,
            }),
        ]);
        PackedBatch batch = PackedBatch.Pack([.. generations.Select(one => (int[])[.. one.Prompt, .. one.Tokens])]);
        return (
            batch.WithWeights([.. generations.SelectMany(one => (float[])[0, 0, .. one.Tokens.Select(_ => 1f)])]),
            [.. generations.SelectMany(one => (float[])[0, 0, .. one.LogProbs])]);
    }

    private (long Into, long From) Copied()
    {
        using var description = JsonDocument.Parse(_engine.Describe());
        JsonElement backend = description.RootElement.GetProperty("backend");
        return (backend.GetProperty("bytes_in").GetInt64(), backend.GetProperty("bytes_out").GetInt64());
    }
}
