using System.Runtime.CompilerServices;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Training;

namespace Proximal.Tests.Training;

public sealed class TrainerTests
{
    private const int Vocabulary = 37;

    private TemporaryFolder _folder = null!;
    private Engine _engine = null!;
    private string _path = null!;

    [OneTimeSetUp]
    public void MakeModel()
    {
        _folder = new TemporaryFolder();
        _path = new TinyModel { Vocabulary = Vocabulary, Hidden = 16, Context = 2048 }.Write(_folder["model"]);
        _engine = new Engine(new EngineOptions { Threads = 1 });
    }

    [OneTimeTearDown]
    public void Clean()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Cross_entropy_learns_a_few_sequences_by_heart()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        PackedBatch batch = Sequences(4, 10, seed: 3);
        var objective = new CrossEntropyObjective { Normalizer = 4 * 9 };
        double first = trainer.Accumulate(batch, objective).Loss;
        StepResult result = trainer.Step(0.01);
        Assert.That(result, Has.Property(nameof(StepResult.Step)).EqualTo(1).And.Property(nameof(StepResult.Version)).EqualTo(1));
        for (int i = 0; i < 300; i++)
        {
            trainer.Accumulate(batch, objective);
            trainer.Step(0.01);
        }

        double last = trainer.Accumulate(batch, objective).Loss;
        TestContext.Out.WriteLine($"loss from {first:F3} to {last:F4} nats a token");
        Assert.That(first, Is.GreaterThan(3));
        Assert.That(last, Is.LessThan(0.1));
        Assert.That(model.Version, Is.EqualTo(301));
    }

    [TestCase(Recompute.AttentionMlp)]
    [TestCase(Recompute.Block)]
    public void What_is_computed_again_changes_no_weight(Recompute recompute)
    {
        Assert.That(Trained(recompute), Is.EqualTo(Trained(Recompute.None)));

        float[] Trained(Recompute what)
        {
            using LanguageModel model = Load(ModelHead.LanguageModel);
            using var trainer = new Trainer(model, recompute: what);
            PackedBatch batch = Sequences(4, 10, seed: 3);
            trainer.Accumulate(batch, new CrossEntropyObjective { Normalizer = 36 });
            trainer.Step(0.01);
            return model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        }
    }

    [Test]
    public void Bradley_terry_tells_separable_pairs_apart()
    {
        using LanguageModel model = Load(ModelHead.Scalar);
        using var trainer = new Trainer(model);
        PackedBatch batch = Sequences(32, 7, seed: 4, vocabulary: Vocabulary - 2);
        for (int s = 0; s < 32; s++)
        {
            batch.Tokens[(7 * s) + (s % 7)] = Vocabulary - 2 + (s % 2); // what tells good from bad
        }

        float[] scores = new float[32];
        var objective = new BradleyTerryObjective { Normalizer = 16, ScoresOutput = scores };
        double first = trainer.Accumulate(batch, objective).BradleyTerry.Accuracy;
        trainer.Step(0.01);
        for (int i = 0; i < 100; i++)
        {
            trainer.Accumulate(batch, objective);
            trainer.Step(0.01);
        }

        Assert.That(first, Is.LessThan(1));
        Assert.That(trainer.Accumulate(batch, objective).BradleyTerry.Accuracy, Is.EqualTo(1));
        Assert.That(scores, Is.EqualTo(model.Score(batch, ScoreOutputs.Scores).Scores), "the forward pass's own bits");
    }

    [Test]
    public void Micro_batches_add_up_to_the_gradient_and_the_metrics_of_one_batch()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        PackedBatch all = Sequences(8, 6, seed: 5);
        ObjectiveMetrics whole = trainer.Accumulate(all, Policy(all));
        float[] expected = trainer.ReadGradient("model.embed_tokens.weight");
        double norm = Math.Sqrt(trainer.GradientSquaredNorm());
        trainer.ZeroGradients();
        Assert.That(trainer.GradientSquaredNorm(), Is.Zero);

        ObjectiveMetrics sum = ObjectiveMetrics.Zero;
        for (int s = 0; s < 8; s++)
        {
            PackedBatch one = PackedBatch.Pack([all.Sequence(s).ToArray()]);
            sum += trainer.Accumulate(one, Policy(one));
        }

        float[] gradient = trainer.ReadGradient("model.embed_tokens.weight");
        Assert.Multiple(() =>
        {
            Assert.That(Math.Sqrt(trainer.GradientSquaredNorm()), Is.EqualTo(norm).Within(1e-5 * norm));
            Assert.That(gradient.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-5 * norm));
            Assert.That(sum.Loss, Is.EqualTo(whole.Loss).Within(1e-6));
            Assert.That(sum.Entropy, Is.EqualTo(whole.Entropy).Within(1e-5));
            Assert.That(sum.Policy.Tokens, Is.EqualTo(whole.Policy.Tokens).And.EqualTo(40));
            Assert.That(sum.Policy.MeanRatio, Is.EqualTo(whole.Policy.MeanRatio).Within(1e-5));
        });
    }

    [Test]
    public void A_gradient_that_is_not_finite_names_the_tensor_and_leaves_the_weights()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        PackedBatch batch = Sequences(2, 5, seed: 6);
        float[] huge = [.. Enumerable.Repeat(3e38f, batch.Count)];
        float[] before = model.ReadTensor(0);
        trainer.Accumulate(batch, new UpstreamObjective { Normalizer = 1, LogProbGradients = huge });
        Assert.Multiple(() =>
        {
            Assert.That(
                () => trainer.Step(0.1),
                Throws.InstanceOf<ProximalException>()
                    .With.Property(nameof(ProximalException.Status)).EqualTo(ProximalStatus.NotFinite)
                    .And.Message.Contains("gradient of model.embed_tokens.weight"));
            Assert.That(model.ReadTensor(0), Is.EqualTo(before));
            Assert.That(model.Version, Is.Zero);
        });
    }

    [Test]
    public void A_number_that_is_not_finite_is_named_and_leaves_the_gradient()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        PackedBatch batch = Sequences(2, 5, seed: 6);
        trainer.Accumulate(batch, Policy(batch));
        double before = trainer.GradientSquaredNorm();
        float[] advantages = [.. Enumerable.Repeat(1f, batch.Count)];
        advantages[3] = float.NaN;
        Assert.Multiple(() =>
        {
            Assert.That(
                () => trainer.Accumulate(batch, Policy(batch) with { Advantages = advantages }),
                Throws.InstanceOf<ProximalException>().With.Message.Contains("advantage"));
            Assert.That(trainer.GradientSquaredNorm(), Is.EqualTo(before));
        });
    }

    [Test]
    public void A_step_is_refused_while_a_generator_has_unfinished_sequences()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        using var generator = new Generator(model);
        using var cancellation = new CancellationTokenSource();
        Task<Generation> running = generator.GenerateAsync(
            new GenerationRequest { SampleId = 1, Prompt = [1, 2], MaxNewTokens = 2000 }, cancellation.Token);
        Assert.That(
            () => trainer.Step(0),
            Throws.InstanceOf<ProximalException>()
                .With.Property(nameof(ProximalException.Status)).EqualTo(ProximalStatus.InvalidState)
                .And.Message.Contains("1 unfinished sequences"));
        cancellation.Cancel();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(trainer.Step(0).Step, Is.EqualTo(1));
    }

    [Test]
    public void Weights_have_one_trainer()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using LanguageModel critic = model.Derive(ModelHead.Scalar, HeadInitialization.Zero);
        using LanguageModel clone = model.CloneWeights();
        var first = new Trainer(model);
        Assert.That(() => new Trainer(critic), Throws.InstanceOf<ProximalException>()
            .With.Property(nameof(ProximalException.Status)).EqualTo(ProximalStatus.InvalidState));
        using var other = new Trainer(clone);
        first.Dispose();
        using var second = new Trainer(critic);
        Assert.That(second.Step(0).Step, Is.EqualTo(1));
    }

    [Test]
    public void A_second_thread_on_a_trainer_gets_an_invalid_operation()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        using var trainer = new Trainer(model);
        PackedBatch batch = Sequences(16, 200, seed: 7);
        int refused = 0;
        void Use()
        {
            for (int i = 0; i < 1000 && Volatile.Read(ref refused) == 0; i++)
            {
                try
                {
                    trainer.Accumulate(batch, new CrossEntropyObjective { Normalizer = 1 });
                }
                catch (InvalidOperationException exception)
                {
                    Assert.That(exception.Message, Does.Contain("one caller at a time"));
                    Interlocked.Increment(ref refused);
                }
            }
        }

        Task.WaitAll(Task.Run(Use), Task.Run(Use));
        Assert.That(refused, Is.Positive);
        Assert.That(trainer.GradientSquaredNorm(), Is.Positive, "the trainer goes on working");
    }

    [Test]
    public void Objectives_that_do_not_fit_are_refused_in_managed_code()
    {
        using LanguageModel language = Load(ModelHead.LanguageModel);
        using LanguageModel scalar = Load(ModelHead.Scalar);
        using var policy = new Trainer(language);
        using var critic = new Trainer(scalar);
        PackedBatch batch = Sequences(3, 4, seed: 8);
        float[] array = new float[batch.Count];
        var value = new ValueObjective { Normalizer = 1, OldValues = array, Returns = array };
        Assert.Multiple(() =>
        {
            Assert.That(() => policy.Accumulate(batch, value), Throws.ArgumentException.With.Message.Contains("Scalar head"));
            Assert.That(() => critic.Accumulate(batch, Policy(batch)), Throws.ArgumentException.With.Message.Contains("LanguageModel head"));
            Assert.That(
                () => critic.Accumulate(batch, new BradleyTerryObjective { Normalizer = 1 }),
                Throws.ArgumentException.With.Message.Contains("pairs"));
            Assert.That(
                () => critic.Accumulate(batch, value with { Returns = new float[5] }),
                Throws.ArgumentException.With.Message.Contains("Expected 12 entries, got 5"));
            Assert.That(
                () => policy.Accumulate(batch, Policy(batch) with { KlCoefficient = 0.1 }),
                Throws.ArgumentException.With.Message.Contains("Expected 12 entries, got 0"));
            Assert.That(() => critic.Accumulate(batch, value with { Normalizer = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => policy.Accumulate(batch, new UpstreamObjective { Normalizer = 1 }), Throws.ArgumentException);
            Assert.That(() => policy.Accumulate(batch, null!), Throws.ArgumentNullException);
            Assert.That(() => policy.Accumulate(PackedBatch.Pack([[99]]), Policy(batch)), Throws.ArgumentException.With.Message.Contains("vocabulary"));
            Assert.That(() => policy.Step(double.NaN), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => policy.ReadGradient("no.such"), Throws.ArgumentException);
            Assert.That(() => new Trainer(language, new AdamWOptions { Beta1 = 1 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });
    }

    [TestCase("engine", "model", "trainer")]
    [TestCase("engine", "trainer", "model")]
    [TestCase("model", "engine", "trainer")]
    [TestCase("model", "trainer", "engine")]
    [TestCase("trainer", "engine", "model")]
    [TestCase("trainer", "model", "engine")]
    public void The_order_of_disposal_is_free_and_twice_is_once(params string[] order)
    {
        var engine = new Engine(new EngineOptions { Threads = 1 });
        LanguageModel model = LanguageModel.Load(engine, _path);
        var trainer = new Trainer(model);
        PackedBatch batch = Sequences(2, 5, seed: 9);
        var objects = new Dictionary<string, IDisposable> { ["engine"] = engine, ["model"] = model, ["trainer"] = trainer };
        bool trains = true;
        foreach (string name in order)
        {
            objects[name].Dispose();
            objects[name].Dispose();
            trains &= name != "trainer";
            if (trains)
            {
                trainer.Accumulate(batch, Policy(batch));
                Assert.That(trainer.Step(1e-3).GradientNorm, Is.Positive);
            }
            else
            {
                Assert.That(() => trainer.Step(1e-3), Throws.InstanceOf<ObjectDisposedException>());
            }
        }
    }

    [Test]
    public void Disposal_during_a_call_waits_for_it()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        for (int i = 0; i < 5; i++)
        {
            var trainer = new Trainer(model);
            PackedBatch batch = Sequences(16, 100, seed: 10);
            using var started = new ManualResetEventSlim();
            Task work = Task.Run(() =>
            {
                started.Set();
                while (true)
                {
                    trainer.Accumulate(batch, Policy(batch));
                }
            });
            started.Wait();
            trainer.Dispose();
            Assert.That(async () => await work, Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Abandoned_trainers_are_finalised_while_others_work()
    {
        using LanguageModel model = Load(ModelHead.LanguageModel);
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        using (var trainer = new Trainer(model))
        {
            PackedBatch batch = Sequences(2, 6, seed: 11);
            for (int i = 0; i < 20; i++)
            {
                Abandon(model);
                trainer.Accumulate(batch, Policy(batch));
                GC.Collect();
            }
        }

        LifetimeTests.Collect();
        Assert.That(NoLeakedHandlesAttribute.Leaks(before), Is.Empty);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(LanguageModel model)
    {
        LanguageModel clone = model.CloneWeights();
        var trainer = new Trainer(clone);
        Assert.That(trainer.GradientSquaredNorm(), Is.Zero);
    }

    private static PolicyObjective Policy(PackedBatch batch) => new()
    {
        Normalizer = 40,
        OldLogProbs = Enumerable.Repeat(-3.5f, batch.Count).ToArray(),
        Advantages = batch.Tokens.Select(token => (token % 5) - 2f).ToArray(),
        EntropyCoefficient = 0.01,
    };

    private static PackedBatch Sequences(int count, int length, int seed, int vocabulary = Vocabulary)
    {
        var random = new Random(seed);
        var sequences = new List<int[]>();
        for (int s = 0; s < count; s++)
        {
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
            tokens[0] = s % vocabulary;
            sequences.Add(tokens);
        }

        return PackedBatch.Pack(sequences);
    }

    private LanguageModel Load(ModelHead head) =>
        LanguageModel.Load(_engine, _path, head, HeadInitialization.Normal, headSeed: 1);
}
