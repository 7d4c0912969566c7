using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Tests.Training.Sft;

public sealed class SftTrainerTests : ModelFixture
{
    private static readonly SftOptions Quick = new()
    {
        Epochs = 3,
        BatchSize = 4,
        Optimizer = new OptimizerOptions { LearningRate = 1e-2, Schedule = ScheduleKind.Constant, WarmupFraction = 0 },
    };

    [Test]
    public async Task Responses_are_learned_and_prompts_are_not()
    {
        using LanguageModel model = Load(new TinyModel());
        double Mean(IEnumerable<int> places, float[] logProbs) => places.Average(place => logProbs[place]);
        SftExample[] examples = Examples(12);
        (IReadOnlyList<int> prompts, IReadOnlyList<int> responses) = Places(examples);
        float[] before = LogProbs(model, examples);
        await Run(model, examples, Quick with { Epochs = 40 });
        float[] after = LogProbs(model, examples);
        Assert.Multiple(() =>
        {
            Assert.That(Mean(responses, after), Is.GreaterThan(Mean(responses, before) + 1), "nats a token");
            Assert.That(Mean(prompts, after), Is.LessThan(Mean(prompts, before) + 0.3), "random prompts cannot be learned from the responses");
        });
    }

    [Test]
    public void The_prompts_tokens_have_no_part_in_the_gradient()
    {
        using LanguageModel model = Load(new TinyModel { Tied = false });
        SftExample example = Examples(1)[0];
        PackedBatch batch = SftBatch.Pack([example], [0]);
        Assert.That(batch.Weights, Is.EqualTo(example.Tokens.Select((_, i) => i < example.PromptTokens ? 0f : 1f)));
        using var trainer = new Trainer(model);
        trainer.Accumulate(batch, new CrossEntropyObjective { Normalizer = example.TargetTokens });
        float[] actual = trainer.ReadGradient("lm_head.weight");
        trainer.ZeroGradients();
        float[] upstream = [.. example.Tokens.Select((_, i) => i < example.PromptTokens ? 0f : -1f / example.TargetTokens)];
        trainer.Accumulate(
            PackedBatch.Pack([example.Tokens]), new UpstreamObjective { Normalizer = 1, LogProbGradients = upstream });
        Assert.That(actual, Is.EqualTo(trainer.ReadGradient("lm_head.weight")).Within(1e-6f), "the mean over the response's tokens alone");
    }

    [Test]
    public async Task Micro_batches_change_nothing_but_rounding()
    {
        async Task<double[]> Losses(int tokens)
        {
            using LanguageModel model = Load(new TinyModel());
            return [.. (await Run(model, Examples(8), Quick with { MicroBatchTokens = tokens, BatchSize = 8 })).Select(step => step.Metrics["train/loss"])];
        }

        Assert.That(await Losses(1), Is.EqualTo(await Losses(100_000)).Within(1e-4));
    }

    [Test]
    public async Task Every_epoch_takes_every_example_once_in_another_order()
    {
        using LanguageModel model = Load(new TinyModel());
        List<SupervisedStep> steps = await Run(model, Examples(10), Quick);
        SftExample[] examples = Examples(10);
        Assert.Multiple(() =>
        {
            Assert.That(steps, Has.Count.EqualTo(9), "three epochs of 4 + 4 + 2");
            Assert.That(steps.Take(3).Sum(step => step.Metrics["train/tokens"]), Is.EqualTo(examples.Sum(example => example.Tokens.Length)));
            Assert.That(steps.Select(step => step.Metrics["train/epoch"]), Is.EqualTo(new[] { 0.4, 0.8, 1, 1.4, 1.8, 2, 2.4, 2.8, 3 }).Within(1e-12));
        });
    }

    [Test]
    public async Task The_same_seed_gives_the_same_weights_and_another_one_others()
    {
        async Task<int[]> Weights(ulong seed)
        {
            using LanguageModel model = Load(new TinyModel());
            await Run(model, Examples(10), Quick, seed: seed);
            return [.. model.Tensors.SelectMany(tensor => Bits(model.ReadTensor(tensor.Index)))];
        }

        int[] first = await Weights(1);
        Assert.That(await Weights(1), Is.EqualTo(first));
        Assert.That(await Weights(2), Is.Not.EqualTo(first));
    }

    [Test]
    public async Task The_best_weights_are_kept_and_patience_ends_the_run()
    {
        // Random answers can only be learned by heart, so the validation loss turns at some step.
        using LanguageModel model = Load(new TinyModel());
        SftExample[] all = Examples(16);
        SftOptions options = Quick with { Epochs = 200, BatchSize = 8, ValidateEvery = 1, Patience = 3 };
        using var trainer = new SftTrainer(Setup(model, all[..8], options) with { Validation = all[8..] });
        List<SupervisedStep> steps = await All(trainer);
        SupervisedStep best = steps.MinBy(step => step.Metrics["validation/loss"])!;
        double loss = Loss(model, all[8..]);
        Assert.Multiple(() =>
        {
            Assert.That(steps[0].Step, Is.Zero, "the start model is measured");
            Assert.That(steps, Has.Count.LessThan(200), "patience");
            Assert.That(steps[^1].Step, Is.EqualTo(best.Step + 3));
            Assert.That(trainer.BestStep, Is.EqualTo(best.Step));
            Assert.That(best.IsBest, Is.True);
            Assert.That(loss, Is.EqualTo(best.Metrics["validation/loss"]).Within(1e-6), "the model has the best weights");
            Assert.That(loss, Is.EqualTo(trainer.BestValidationLoss).Within(1e-6));
        });
    }

    [Test]
    public async Task Without_keeping_the_best_the_last_weights_stay()
    {
        using LanguageModel model = Load(new TinyModel());
        SftExample[] all = Examples(16);
        SftOptions options = Quick with { Epochs = 30, BatchSize = 8, ValidateEvery = 1, KeepBest = false };
        using var trainer = new SftTrainer(Setup(model, all[..8], options) with { Validation = all[8..] });
        List<SupervisedStep> steps = await All(trainer);
        Assert.That(Loss(model, all[8..]), Is.EqualTo(steps[^1].Metrics["validation/loss"]).Within(1e-6));
    }

    [Test]
    public async Task Cancellation_leaves_the_weights_of_the_last_committed_step()
    {
        using LanguageModel model = Load(new TinyModel());
        using var trainer = new SftTrainer(Setup(model, Examples(8), Quick with { Epochs = 100, MicroBatchTokens = 1, BatchSize = 8 }));
        using var cancellation = new CancellationTokenSource();
        int[] committed = [];
        var inside = new Progress(value =>
        {
            if (value is { Step: 3, Phase: SupervisedPhase.Training, Done: 2 })
            {
                cancellation.Cancel();
            }
        });
        Assert.CatchAsync<OperationCanceledException>(async () =>
        {
            await foreach (SupervisedStep step in trainer.RunAsync(inside, cancellation.Token))
            {
                committed = [.. model.Tensors.SelectMany(tensor => Bits(model.ReadTensor(tensor.Index)))];
            }
        });
        Assert.Multiple(() =>
        {
            Assert.That(trainer.Step, Is.EqualTo(2));
            Assert.That(model.Tensors.SelectMany(tensor => Bits(model.ReadTensor(tensor.Index))), Is.EqualTo(committed));
        });
        List<SupervisedStep> rest = [];
        await foreach (SupervisedStep step in trainer.RunAsync())
        {
            rest.Add(step);
        }

        Assert.That(rest[0].Step, Is.EqualTo(3), "a trainer goes on where it was");
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        using LanguageModel model = Load(new TinyModel());
        using LanguageModel scalar = model.Derive(ModelHead.Scalar, HeadInitialization.Zero);
        SftSetup setup = Setup(model, Examples(2), Quick);
        void Refused(SftSetup bad, string says) =>
            Assert.That(() => new SftTrainer(bad), Throws.InstanceOf<ArgumentException>().With.Message.Contains(says));
        Assert.Multiple(() =>
        {
            Refused(setup with { Model = scalar }, "Model needs a language-model head");
            Refused(setup with { Examples = [] }, "at least one example");
            Refused(setup with { Examples = [new SftExample { Tokens = [1, 2], PromptTokens = 2 }] }, "Example 0 has 2 tokens, 2 of them the prompt's");
            Refused(setup with { Examples = [new SftExample { Tokens = [1], File = "f.jsonl", Line = 9 }] }, "The example f.jsonl:9 has 1 tokens");
            Refused(setup with { Validation = [new SftExample { Tokens = [1, 29] }] }, "token 29 at place 1");
            Refused(setup with { Examples = [new SftExample { Tokens = new int[65] }] }, "the model's context is 64");
            Refused(setup with { Options = Quick with { BatchSize = 0 } }, "BatchSize");
            Refused(setup with { Options = Quick with { Epochs = 0 } }, "Epochs");
            Refused(setup with { Options = Quick with { Optimizer = new OptimizerOptions { LearningRate = -1 } } }, "Optimizer.LearningRate");
        });
    }

    [Test]
    public async Task Weights_that_break_stop_the_step_before_they_are_taken()
    {
        using LanguageModel model = Load(new TinyModel());
        using var trainer = new SftTrainer(Setup(
            model, Examples(8), Quick with { Epochs = 50, Optimizer = Quick.Optimizer with { LearningRate = 1e30 } }));
        ProximalException failure = Assert.CatchAsync<ProximalException>(() => All(trainer))!;
        Assert.That(failure.Status, Is.EqualTo(ProximalStatus.NotFinite));
        await Task.CompletedTask;
    }

    private static SftSetup Setup(LanguageModel model, SftExample[] examples, SftOptions options, ulong seed = 1) =>
        new() { Model = model, Examples = examples, Options = options, Seed = seed };

    private static async Task<List<SupervisedStep>> Run(LanguageModel model, SftExample[] examples, SftOptions options, ulong seed = 1)
    {
        using var trainer = new SftTrainer(Setup(model, examples, options, seed));
        return await All(trainer);
    }

    private static async Task<List<SupervisedStep>> All(SftTrainer trainer)
    {
        var steps = new List<SupervisedStep>();
        await foreach (SupervisedStep step in trainer.RunAsync())
        {
            steps.Add(step);
        }

        return steps;
    }

    /// <summary>Random prompts and responses of different lengths.</summary>
    private static SftExample[] Examples(int count)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable.Range(0, count).Select(i => new SftExample
            {
                Tokens = [1, .. Enumerable.Range(0, 6 + (i % 3)).Select(_ => random.Next(3, 29))],
                PromptTokens = 3 + (i % 2),
            }),
        ];
    }

    private static (IReadOnlyList<int> Prompts, IReadOnlyList<int> Responses) Places(SftExample[] examples)
    {
        var prompts = new List<int>();
        var responses = new List<int>();
        int at = 0;
        foreach (SftExample example in examples)
        {
            prompts.AddRange(Enumerable.Range(at + 1, example.PromptTokens - 1));
            responses.AddRange(Enumerable.Range(at + example.PromptTokens, example.TargetTokens));
            at += example.Tokens.Length;
        }

        return (prompts, responses);
    }

    private static float[] LogProbs(LanguageModel model, SftExample[] examples) =>
        model.Score(PackedBatch.Pack([.. examples.Select(example => example.Tokens)]), ScoreOutputs.LogProbs).LogProbs;

    private static double Loss(LanguageModel model, SftExample[] examples)
    {
        float[] logProbs = LogProbs(model, examples);
        return -Places(examples).Responses.Average(place => (double)logProbs[place]);
    }

    private sealed class Progress(Action<SupervisedProgress> report) : IProgress<SupervisedProgress>
    {
        public void Report(SupervisedProgress value) => report(value);
    }
}
