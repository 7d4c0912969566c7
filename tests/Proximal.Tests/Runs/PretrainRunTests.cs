using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Tests.Runs.Checkpoints;
using Proximal.Training;
using Proximal.Training.Pretrain;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Tests.Runs;

/// <summary>Pretraining: over the same trainer and loop as fine-tuning, on documents.</summary>
public sealed class PretrainRunTests
{
    private TinyFolder _tiny = null!;
    private string[] _texts = null!;

    [SetUp]
    public void Write_the_inputs()
    {
        _tiny = new TinyFolder();
        _texts = [.. Enumerable.Range(0, 12).Select(i => $"{(char)('a' + i)} bed {(char)('a' + i)} cab")];
        _tiny.Write("rows.jsonl", string.Concat(_texts.Select(text => $"{{\"text\":\"{text}\"}}\n")));
        _tiny.Write("held-out.txt", "ab bed\n==\nc bed c cab\n");
        _tiny.Write("long.txt", string.Concat(Enumerable.Repeat("a bed and a cab\n", 40)));
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public async Task A_run_from_random_weights_leaves_its_curves_and_a_model_that_has_learned()
    {
        SupervisedRunResult result = await new PretrainRun(Options("run")).RunAsync();
        JsonElement[] rows = Rows(result.Folder);
        string table = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Runs", "METRICS.md"));
        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.GetProperty("step").GetInt32()), Is.EqualTo(Enumerable.Range(0, 13)), "the start and 3 epochs of 12 rows in 4 steps");
            Assert.That(result.BestMetrics["validation/loss"], Is.LessThan(rows[0].GetProperty("validation/loss").GetDouble() - 0.5), "nats a token");
            Assert.That(result.Notes[0], Does.StartWith("12 documents, ").And.EndsWith(" tokens; an epoch has 12 sequences"));
            Assert.That(result.Notes[1], Does.StartWith("2 validation documents, "));
            Assert.That(RunSummary.Read(result.Folder)!.Kind, Is.EqualTo(RunKind.Pretrain));
            Assert.That(Directory.GetFiles(result.ModelFolder).Select(Path.GetFileName), Is.SupersetOf(new[] { "config.json", "model.safetensors", "tokenizer.json" }));
            Assert.That(Directory.GetFiles(result.Folder, ".tmp*"), Is.Empty, "the tokens are not kept");
            foreach (string name in rows.SelectMany(row => row.EnumerateObject()).Select(curve => curve.Name).Where(name => name != "step").Distinct())
            {
                Assert.That(table, Does.Contain($"`{name}`"));
            }
        });
    }

    [Test]
    public async Task Rows_that_fit_are_learned_as_fine_tuning_learns_texts()
    {
        PretrainRunOptions options = Options("run") with { Validation = null };
        SupervisedRunResult pretrained = await new PretrainRun(options).RunAsync();
        SupervisedRunResult tuned = await new SftRun(new SftRunOptions
        {
            Model = options.Model,
            Output = _tiny["sft"],
            Data = new SftDataOptions { Path = _tiny["rows.jsonl"] },
            Sft = new SftOptions { Epochs = 3, BatchSize = 3, Optimizer = options.Pretrain.Optimizer },
            Threads = 1,
        }).RunAsync();
        Assert.That(Weights(pretrained), Is.EqualTo(Weights(tuned)));
    }

    [Test]
    public async Task A_source_that_is_repeated_is_learned_more_often_and_a_long_document_goes_on()
    {
        PretrainRunOptions options = Options("run");
        SupervisedRunResult result = await new PretrainRun(options with
        {
            Data = options.Data with { Sources = [Source("rows.jsonl", 3), Source("long.txt", 1)] },
            Pretrain = options.Pretrain with { Epochs = 1, BatchSize = 100 },
        }).RunAsync();
        const int LongTokens = 40 * 16 + 2 + 1; // a line has 16, and there are begin, end and the space in front
        const int Rest = (LongTokens - 64 + 62) / 63;
        Assert.Multiple(() =>
        {
            Assert.That(result.Notes[0], Does.StartWith("13 documents, ").And.EndsWith($"an epoch has {36 + 1 + Rest} sequences"));
            Assert.That(result.Steps, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task A_fraction_of_the_documents_validates()
    {
        PretrainRunOptions options = Options("run");
        async Task<int> Validating(double fraction)
        {
            SupervisedRunResult result = await new PretrainRun(options with
            {
                Validation = new SupervisedValidationOptions { Fraction = fraction },
                Pretrain = options.Pretrain with { MaxSteps = 1 },
                Overwrite = true,
            }).RunAsync();
            int trained = int.Parse(result.Notes[0].Split(' ')[0]);
            int validating = int.Parse(result.Notes[1].Split(' ')[0]);
            Assert.That(trained + validating, Is.EqualTo(12));
            return validating;
        }

        int[] counts = [await Validating(0.3), await Validating(0.6)];
        Assert.That(counts[0], Is.InRange(1, 8));
        Assert.That(counts[1], Is.GreaterThanOrEqualTo(counts[0]), "what validates at a smaller fraction does at a larger one");
    }

    [Test]
    public async Task A_model_is_saved_in_the_type_that_is_asked_for_and_its_checkpoints_in_fp32()
    {
        PretrainRunOptions options = Options("full");
        SupervisedRunResult full = await new PretrainRun(options).RunAsync();
        SupervisedRunResult half = await new PretrainRun(options with { Output = _tiny["half"], SaveAs = SavedType.Bfloat16 }).RunAsync();
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel fullModel = LanguageModel.Load(engine, full.ModelFolder);
        using LanguageModel halfModel = LanguageModel.Load(engine, half.ModelFolder);
        Assert.Multiple(() =>
        {
            Assert.That(fullModel.Info.StorageType, Is.EqualTo(TensorType.Float32));
            Assert.That(halfModel.Info.StorageType, Is.EqualTo(TensorType.BFloat16));
            Assert.That(new FileInfo(WeightFile(half)).Length, Is.LessThan(0.7 * new FileInfo(WeightFile(full)).Length));
            foreach (TensorInfo tensor in fullModel.Tensors)
            {
                float[] exact = fullModel.ReadTensor(tensor.Index);
                float[] rounded = halfModel.ReadTensor(tensor.Index);
                Assert.That(rounded.Zip(exact).Max(pair => Math.Abs(pair.First - pair.Second) / Math.Max(Math.Abs(pair.Second), 1e-30)), Is.LessThanOrEqualTo(1.0 / 256));
            }

            string checkpoint = Path.Combine("checkpoints", "step-000012", "model", "model.safetensors");
            Assert.That(File.ReadAllBytes(_tiny["half", checkpoint]), Is.EqualTo(File.ReadAllBytes(_tiny["full", checkpoint])));
        });
    }

    [TestCase(SupervisedPhase.Training, 4)]
    [TestCase(SupervisedPhase.Validation, 4)]
    [TestCase(SupervisedPhase.Committed, 3)]
    public async Task A_run_that_is_interrupted_and_resumed_is_the_same_run(SupervisedPhase phase, int step)
    {
        PretrainRunOptions whole = Options("whole") with
        {
            Data = Options("whole").Data with { Sources = [Source("rows.jsonl", 2), Source("long.txt", 1)] },
        };
        await new PretrainRun(whole).RunAsync();
        PretrainRunOptions part = whole with { Output = _tiny["part"] };
        using var source = new CancellationTokenSource();
        var watcher = new Watcher(report =>
        {
            if (report.Phase == phase && report.Step == step)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAsync<RunInterruptedException>(() => new PretrainRun(part).RunAsync(watcher, source.Token));
        SupervisedRunResult result = await new PretrainRun(part).ResumeAsync();
        Assert.That(result.ResumedAfter, Is.EqualTo(3));
        ResumeBench.AssertEqual(_tiny["whole"], _tiny["part"]);
        Assert.That((await new PretrainRun(part).ResumeAsync()).WasFinished, Is.True);
    }

    [Test]
    public void A_run_whose_documents_have_changed_is_not_resumed()
    {
        using var source = new CancellationTokenSource();
        var watcher = new Watcher(report =>
        {
            if (report is { Phase: SupervisedPhase.Committed, Step: 2 })
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAsync<RunInterruptedException>(() => new PretrainRun(Options("run")).RunAsync(watcher, source.Token));
        _tiny.Write("rows.jsonl", "{\"text\":\"another bed\"}\n");
        Assert.That(
            () => new PretrainRun(Options("run")).ResumeAsync(),
            Throws.TypeOf<CheckpointException>().With.Message.Contains("data: its content is not what it was"));
    }

    [Test]
    public void Reading_can_be_cancelled_and_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        var watcher = new Watcher(report =>
        {
            if (report is { Phase: SupervisedPhase.Loading, Done: 3 })
            {
                source.Cancel();
            }
        });
        Assert.CatchAsync<OperationCanceledException>(() => new PretrainRun(Options("run")).RunAsync(watcher, source.Token));
        Assert.That(Directory.Exists(_tiny["run"]), Is.False);
    }

    [Test]
    public void Options_and_inputs_that_do_not_fit_are_refused()
    {
        void Refused(Func<PretrainDataOptions, PretrainDataOptions> change, string says) => Assert.That(
            () => new PretrainRun(Options("run") with { Data = change(Options("run").Data), Overwrite = true }).RunAsync(),
            Throws.InstanceOf<Exception>().With.Message.Contains(says));
        _tiny.Write("blank.txt", " \n\n");
        Assert.Multiple(() =>
        {
            Refused(data => data with { Sources = [] }, "No file is named");
            Refused(data => data with { Sources = [Source("rows.jsonl", 0)] }, "at least 1");
            Refused(data => data with { Separator = string.Empty }, "An empty text separates nothing");
            Refused(data => data with { Field = " " }, "Field is empty");
            Refused(data => data with { MaxTokens = 1 }, "One token is no sequence");
            Refused(data => data with { MaxTokens = 65 }, "max_tokens is 65, more than the model's context of 64");
            Refused(data => data with { EndTokenId = 29 }, "The end token 29 is none of the model's");
            Refused(data => data with { Sources = [Source("blank.txt", 1)] }, "There is no document to train on in");
            Assert.That(
                () => new PretrainRun(Options("run") with { Validation = new SupervisedValidationOptions { Path = _tiny["blank.txt"] } }).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("There is no document to validate with in"));
            Assert.That(
                () => new PretrainRun(Options("run") with { Validation = new SupervisedValidationOptions { Fraction = 1e-9 } }).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("None of the 12 documents of").And.Message.Contains("raise validation.fraction"));
            string small = new TinyModel { Vocabulary = 5 }.Write(_tiny["small"]);
            Assert.That(
                () => new PretrainRun(Options("run") with { Model = small, Tokenizer = _tiny.Model }).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("The document at").And.Message.Contains("rows.jsonl:1 has token"));
        });
    }

    private PretrainRunOptions Options(string run) => new()
    {
        Model = new ModelSource { Init = Path.Combine(_tiny.Model, "config.json"), Seed = 3 },
        Output = _tiny[run],
        Data = new PretrainDataOptions { Sources = [Source("rows.jsonl", 1)], Separator = "==" },
        Validation = new SupervisedValidationOptions { Path = _tiny["held-out.txt"] },
        Pretrain = new PretrainOptions { Epochs = 3, BatchSize = 3, ValidateEvery = 2, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
        Checkpoints = new CheckpointOptions { Every = 2 },
        Threads = 1,
    };

    private TextSourceOptions Source(string name, int repeat) => new() { Path = _tiny[name], Repeat = repeat };

    private static string WeightFile(SupervisedRunResult result) => Path.Combine(result.ModelFolder, "model.safetensors");

    private static byte[] Weights(SupervisedRunResult result) => File.ReadAllBytes(WeightFile(result));

    private static JsonElement[] Rows(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, RunFolder.MetricsFile)).Select(line => JsonElement.Parse(line))];

    private sealed class Watcher(Action<SupervisedProgress> watch) : IProgress<SupervisedProgress>
    {
        public void Report(SupervisedProgress value) => watch(value);
    }
}
