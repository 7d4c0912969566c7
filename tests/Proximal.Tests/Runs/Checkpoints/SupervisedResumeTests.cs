using NUnit.Framework;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Training;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>Supervised fine-tuning and reward models resume as PPO does: over the same sessions.</summary>
public sealed class SupervisedResumeTests
{
    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void Write_the_data()
    {
        _tiny = new TinyFolder();
        string[] prompts = ["ab", "c", "de", "f", "b b", "ca", "d", "e", "a f", "bc"];
        _tiny.Write("sft.jsonl", string.Concat(prompts.Select(prompt => $"{{\"prompt\":\"{prompt}\",\"response\":\"{prompt}{prompt} a\"}}\n")));
        _tiny.Write("rm.jsonl", string.Concat(prompts.Select(prompt => $"{{\"prompt\":\"{prompt}\",\"chosen\":\"aa{prompt}\",\"rejected\":\"ff{prompt}\"}}\n")));
    }

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [TestCase(SupervisedPhase.Training, 4)]
    [TestCase(SupervisedPhase.Validation, 4)]
    [TestCase(SupervisedPhase.Committed, 3)]
    public async Task A_fine_tuning_that_is_interrupted_and_resumed_is_the_same_run(SupervisedPhase phase, int step)
    {
        await new SftRun(Sft("sft-whole") with { Overwrite = true }).RunAsync();
        SftRunOptions options = Sft($"sft-{phase}");
        await Interrupted(phase, step, (progress, token) => new SftRun(options).RunAsync(progress, token));
        SupervisedRunResult result = await new SftRun(options).ResumeAsync();
        Assert.That(result.ResumedAfter, Is.EqualTo(3));
        Assert.That(result.BestStep, Is.Not.Null);
        Assert.That(result.BestMetrics["validation/loss"], Is.Not.NaN);
        ResumeBench.AssertEqual(_tiny["sft-whole"], _tiny[$"sft-{phase}"]);
        Assert.That((await new SftRun(options).ResumeAsync()).WasFinished, Is.True);
    }

    [Test]
    public async Task A_reward_model_that_is_interrupted_and_resumed_is_the_same_run()
    {
        await new RewardModelRun(RewardModel("rm-whole")).RunAsync();
        await Interrupted(
            SupervisedPhase.Committed, 3, (progress, token) => new RewardModelRun(RewardModel("rm-part")).RunAsync(progress, token));
        SupervisedRunResult result = await new RewardModelRun(RewardModel("rm-part")).ResumeAsync();
        Assert.That(result.ResumedAfter, Is.EqualTo(3));
        ResumeBench.AssertEqual(_tiny["rm-whole"], _tiny["rm-part"]);
        Assert.That(
            () => new SftRun(Sft("rm-part")).ResumeAsync(),
            Throws.TypeOf<CheckpointException>().With.Message.Contains("is of a run of 'rm', not of 'sft'"));
    }

    [Test]
    public async Task A_run_goes_on_with_the_products_that_it_began_with()
    {
        SftRunOptions Bf16(string run) => Sft(run) with { Products = EngineProducts.Bf16 };
        await new SftRun(Bf16("bf16-whole")).RunAsync();
        await Interrupted(SupervisedPhase.Committed, 3, (progress, token) => new SftRun(Bf16("bf16-part")).RunAsync(progress, token));
        Assert.That(
            () => new SftRun(Sft("bf16-part")).ResumeAsync(), Throws.TypeOf<CheckpointException>().With.Message.Contains("products"));
        await new SftRun(Bf16("bf16-part")).ResumeAsync();
        ResumeBench.AssertEqual(_tiny["bf16-whole"], _tiny["bf16-part"]);
        await new SftRun(Sft("fp32")).RunAsync();
        Assert.That(
            await File.ReadAllTextAsync(Path.Combine(_tiny["fp32"], "metrics.jsonl")),
            Is.Not.EqualTo(await File.ReadAllTextAsync(Path.Combine(_tiny["bf16-part"], "metrics.jsonl"))));
    }

    [Test]
    public async Task Data_may_move_but_not_change()
    {
        SftRunOptions options = Sft("sft-moved");
        await Interrupted(SupervisedPhase.Committed, 3, (progress, token) => new SftRun(options).RunAsync(progress, token));
        string text = await File.ReadAllTextAsync(_tiny["sft.jsonl"]);
        SftRunOptions With(string path) => options with { Data = options.Data with { Path = path } };
        Assert.That(
            () => new SftRun(With(_tiny.Write("other.jsonl", text.Replace("\"c\"", "\"f\"", StringComparison.Ordinal)))).ResumeAsync(),
            Throws.TypeOf<CheckpointException>().With.Message.Contains("data: its content is not what it was"));
        await new SftRun(With(_tiny.Write("copy.jsonl", text))).ResumeAsync();
        await new SftRun(Sft("sft-stayed")).RunAsync();
        ResumeBench.AssertEqual(_tiny["sft-stayed"], _tiny["sft-moved"]);
    }

    [Test]
    public async Task What_the_scores_are_normalised_on_may_move_but_not_change()
    {
        RewardModelRunOptions With(string path) => RewardModel("rm-normalized") with
        {
            Normalization = new NormalizationOptions { Prompts = new PromptsOptions { Path = path }, MaxNewTokens = 4 },
        };
        RewardModelRunOptions options = With(_tiny.Write("prompts.txt", "ab\nc\nde\n"));
        await Interrupted(SupervisedPhase.Committed, 3, (progress, token) => new RewardModelRun(options).RunAsync(progress, token));
        Assert.That(
            () => new RewardModelRun(With(_tiny.Write("others.txt", "ab\nc\nf\n"))).ResumeAsync(),
            Throws.TypeOf<CheckpointException>().With.Message.Contains("normalization: its content is not what it was"));
        SupervisedRunResult result = await new RewardModelRun(With(_tiny.Write("same.txt", "ab\nc\nde\n"))).ResumeAsync();
        Assert.That(result.Normalization, Is.Not.Null);
    }

    private SftRunOptions Sft(string run) => new()
    {
        Model = _tiny.Model,
        Output = _tiny[run],
        Data = new SftDataOptions { Path = _tiny["sft.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.3 },
        Sft = new SftOptions { Epochs = 3, BatchSize = 3, ValidateEvery = 2, Optimizer = new OptimizerOptions { LearningRate = 3e-2 } },
        Checkpoints = new CheckpointOptions { Every = 2 },
        Threads = 1,
    };

    private RewardModelRunOptions RewardModel(string run) => new()
    {
        Model = _tiny.Model,
        Output = _tiny[run],
        Data = new PreferenceDataOptions { Path = _tiny["rm.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.3 },
        RewardModel = new RewardModelOptions
        {
            Epochs = 3, BatchSize = 3, ValidateEvery = 2, Optimizer = new OptimizerOptions { LearningRate = 1e-2 },
        },
        Checkpoints = new CheckpointOptions { Every = 2 },
        Threads = 1,
    };

    private static async Task Interrupted(
        SupervisedPhase phase, int step, Func<IProgress<SupervisedProgress>, CancellationToken, Task<SupervisedRunResult>> run)
    {
        using var source = new CancellationTokenSource();
        var watcher = new Watcher(report =>
        {
            if (report.Phase == phase && report.Step == step)
            {
                source.Cancel();
            }
        });
        RunInterruptedException? interruption = null;
        try
        {
            await run(watcher, source.Token);
        }
        catch (RunInterruptedException caught)
        {
            interruption = caught;
        }

        Assert.That(interruption?.Step, Is.EqualTo(3));
        Assert.That(interruption!.Checkpoint, Does.EndWith("step-000003"));
    }

    private sealed class Watcher(Action<SupervisedProgress> watch) : IProgress<SupervisedProgress>
    {
        public void Report(SupervisedProgress value) => watch(value);
    }
}
