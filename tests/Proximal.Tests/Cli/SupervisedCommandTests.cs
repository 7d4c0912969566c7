using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Runs;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal pretrain</c>, <c>proximal sft</c> and <c>proximal rm</c>.</summary>
public sealed class SupervisedCommandTests
{
    private const string Sft =
        """
        model: model
        output: sft
        data: {path: rows.jsonl}
        validation: {fraction: 0.25}
        sft: {epochs: 2, batch_size: 3}
        """;

    private const string Pretrain =
        """
        model: {init: model/config.json}
        output: base
        data: {sources: [rows.jsonl, {path: more.txt, repeat: 2}], field: prompt}
        validation: {fraction: 0.5}
        save_as: bfloat16
        pretrain: {epochs: 2, batch_size: 3}
        """;

    private const string Rm =
        """
        model: model
        output: rm
        data: {path: pairs.jsonl, fields: {chosen: better}}
        validation: {fraction: 0.25}
        rm: {epochs: 2, batch_size: 3}
        """;

    private static readonly BadInput[] Bad =
    [
        new("an unknown key", 3, _ => ["sft", Sft.Replace("epochs", "epoch", StringComparison.Ordinal)], "run.yaml:5:7: sft.epoch: unknown key", "did you mean 'epochs'?"),
        new("no model", 3, _ => ["sft", Sft.Replace("model: model", string.Empty, StringComparison.Ordinal)], "run.yaml:2:1: model: missing"),
        new("a model in two ways", 3, _ => ["sft", Sft.Replace("model: model", "model: {path: model, init: x.json}", StringComparison.Ordinal)], "run.yaml:1:", "model.init: expected either a path"),
        new("a model in no way", 3, _ => ["sft", Sft.Replace("model: model", "model: {seed: 2}", StringComparison.Ordinal)], "run.yaml:1:", "model: expected either a path"),
        new("a model that is a list", 3, _ => ["sft", Sft.Replace("model: model", "model: [a]", StringComparison.Ordinal)], "model: expected a mapping", "its keys are path, init, seed"),
        new("a model that is not there", 3, _ => ["sft", Sft.Replace("model: model", "model: absent", StringComparison.Ordinal)], "run.yaml: model: ", "absent does not exist", "--set model=PATH"),
        new("a start that is not there", 3, _ => ["rm", Rm.Replace("model: model", "model: {init: absent.json}", StringComparison.Ordinal)], "run.yaml: model.init: ", "absent.json does not exist", "--set model.init=PATH"),
        new("a tokenizer that is not there", 3, _ => ["sft", Sft + "\ntokenizer: absent"], "run.yaml: tokenizer: ", "absent does not exist"),
        new("a data file that is not there", 3, _ => ["sft", Sft.Replace("rows", "none", StringComparison.Ordinal)], "none.jsonl: The file of examples does not exist"),
        new("a field that is not there", 3, _ => ["rm", Rm.Replace("better", "best", StringComparison.Ordinal)], "pairs.jsonl:1: the row has no field 'best'"),
        new("a misspelt field name", 3, _ => ["rm", Rm.Replace("chosen: better", "chose: better", StringComparison.Ordinal)], "data.fields.chose: unknown key", "did you mean 'chosen'?"),
        new("validation in two ways", 3, _ => ["sft", Sft.Replace("fraction: 0.25", "fraction: 0.25, path: rows.jsonl", StringComparison.Ordinal)], "validation.fraction: expected either path"),
        new("a fraction of everything", 3, _ => ["sft", Sft.Replace("0.25", "1", StringComparison.Ordinal)], "validation.fraction: expected a number strictly between 0 and 1; got 1"),
        new("a negative centring", 3, _ => ["rm", Rm.Replace("epochs: 2", "center_coefficient: -1", StringComparison.Ordinal)], "rm.center_coefficient: expected a finite number of at least 0; got -1"),
        new("rows that are too long", 3, _ => ["sft", Sft.Replace("rows.jsonl", "rows.jsonl, max_tokens: 3", StringComparison.Ordinal)], "rows.jsonl:1: the row has ", "more than 3", "too_long"),
        new("more tokens than the context", 3, _ => ["sft", Sft.Replace("rows.jsonl", "rows.jsonl, max_tokens: 100", StringComparison.Ordinal)], "max_tokens is 100, more than the model's context of 64"),
        new("prompts of the normalisation that are not there", 3, _ => ["rm", Rm + "\nnormalization: {prompts: {path: none.jsonl}}"], "none.jsonl: The prompt file does not exist"),
        new("a normalisation without tokens", 3, _ => ["rm", Rm + "\nnormalization: {max_new_tokens: 0}"], "normalization.max_new_tokens: expected a whole number of at least 1; got 0"),
        new("a folder that holds a run", 3, folder =>
        {
            Directory.CreateDirectory(folder["sft", "model"]);
            return ["sft", Sft];
        }, "run.yaml: output: ", "holds a run already (model)"),
        new("a reward model to fine-tune", 3, folder =>
        {
            new Models.TinyModel { Classifier = true, Tied = false }.Write(folder["reward"]);
            TinyTokenizer.Write(folder["reward"]);
            return ["sft", Sft.Replace("model: model", "model: reward", StringComparison.Ordinal)];
        }, "reward has not a language-model head"),
        new("no source", 3, _ => ["pretrain", Pretrain.Replace("[rows.jsonl, {path: more.txt, repeat: 2}]", "[]", StringComparison.Ordinal)], "run.yaml:3:", "data.sources: no file is named"),
        new("a source without a path", 3, _ => ["pretrain", Pretrain.Replace("path: more.txt, ", string.Empty, StringComparison.Ordinal)], "run.yaml:3:", "data.sources[1].path: missing"),
        new("a repeat of nothing", 3, _ => ["pretrain", Pretrain.Replace("repeat: 2", "repeat: 0", StringComparison.Ordinal)], "data.sources[1].repeat: expected a whole number of at least 1; got 0"),
        new("a misspelt option", 3, _ => ["pretrain", Pretrain.Replace("field:", "fields:", StringComparison.Ordinal)], "data.fields: unknown key", "did you mean 'field'?"),
        new("a text that is not there", 3, _ => ["pretrain", Pretrain.Replace("more.txt", "none.txt", StringComparison.Ordinal)], "none.txt: The text file does not exist"),
        new("a row without the field", 3, _ => ["pretrain", Pretrain.Replace("field: prompt", "field: text", StringComparison.Ordinal)], "rows.jsonl:1: the row has no field 'text'"),
        new("a type that is none", 3, _ => ["pretrain", Pretrain.Replace("bfloat16", "bf8", StringComparison.Ordinal)], "save_as: expected one of float32, bfloat16, float16"),
        new("a fraction that chooses nothing", 3, _ => ["pretrain", Pretrain.Replace("0.5", "1e-9", StringComparison.Ordinal)], "raise validation.fraction"),
    ];

    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_the_inputs()
    {
        _tiny = new TinyFolder();
        _tiny.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"prompt\":\"{(char)('a' + i)}\",\"response\":\" bed\"}}\n")));
        _tiny.Write("more.txt", "a bed and a cab");
        _tiny.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"prompt\":\"{(char)('a' + i)}\",\"better\":\" bed\",\"rejected\":\" xyx\"}}\n")));
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public void Sft_says_what_happened_and_its_model_can_be_used()
    {
        CliRun run = Run("sft", Sft);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Is.EqualTo(_tiny["sft"] + "\n"), "the run folder, and nothing else");
            Assert.That(run.Error, Does.Match(@"validation of the start model: loss \d"));
            Assert.That(run.Error, Does.Match(@"\n +step +epoch +loss +entropy +grad +lr +tokens/s\n +1 "));
            Assert.That(run.Error, Does.Contain("data:       6 examples\n            2 validation examples\nsteps:      4\n"));
            Assert.That(run.Error, Does.Match(@"best: +step \d, validation loss \d+\.\d+; the model has its weights\n"));
            Assert.That(CliRun.Of("{\"text\":\"ab\"}", "score", "-m", _tiny["sft", "model"], "-i", "-").Code, Is.Zero);
        });
    }

    [Test]
    public void Pretrain_says_what_happened_and_its_model_can_be_used()
    {
        CliRun run = Run("pretrain", Pretrain);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Is.EqualTo(_tiny["base"] + "\n"), "the run folder, and nothing else");
            Assert.That(run.Error, Does.Match(@"\n +step +epoch +loss +entropy +grad +lr +tokens/s\n +1 "));
            Assert.That(run.Error, Does.Match(@"data: +\d documents, \d+ tokens; an epoch has \d+ sequences\n +\d validation documents, \d+ tokens\n"));
            Assert.That(CliRun.Of("{\"text\":\"ab\"}", "score", "-m", _tiny["base", "model"], "-i", "-").Code, Is.Zero);
        });
    }

    [Test]
    public void Rm_says_its_accuracy_with_the_interval_and_its_normalisation()
    {
        CliRun run = Run("rm", Rm);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Error, Does.Match(@"best: +step \d, validation loss \S+, accuracy \d\.\d+ \(95 %: \d\.\d+ to \d\.\d+\)"));
            Assert.That(run.Error, Does.Match(@"scores: +mean \S+, standard deviation \S+ over 12 answers of the training pairs of pairs.jsonl"));
            Assert.That(_tiny["rm", "model", "reward_normalization.json"], Does.Exist);
        });
    }

    [Test]
    public void The_configuration_of_the_folder_runs_the_same_again()
    {
        Assert.That(Run("sft", Sft, "--set", "sft.epochs=1").Code, Is.Zero);
        string written = _tiny["sft", "config.yaml"];
        SftRunOptions options = ConfigurationBinder.Bind<SftRunOptions>(written);
        Assert.That((options.Sft.Epochs, options.Model.Path), Is.EqualTo((1, _tiny.Model)));
        CliRun again = CliRun.Of(string.Empty, "sft", "-c", written, "--set", $"output={_tiny["again"]}");
        Assert.That(again.Code, Is.Zero, again.Error);
        Assert.That(File.ReadAllBytes(_tiny["again", "model", "model.safetensors"]), Is.EqualTo(File.ReadAllBytes(_tiny["sft", "model", "model.safetensors"])));
    }

    [Test]
    public void An_interruption_says_what_is_left()
    {
        using var interruption = new CancellationTokenSource();
        interruption.CancelAfter(TimeSpan.FromMilliseconds(600));
        _tiny.Write("run.yaml", Sft);
        CliRun run = CliRun.Of(Stream.Null, interruption.Token, "sft", "-c", _tiny["run.yaml"], "--set", "sft.epochs=1000000");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(130), run.Error);
            Assert.That(run.Error, Does.Contain("interrupted"));
            Assert.That(Directory.Exists(_tiny["sft", "model"]), Is.False);
        });
    }

    [TestCaseSource(nameof(Bad))]
    public void A_bad_input_is_one_message(object input)
    {
        var bad = (BadInput)input;
        string[] command = bad.Arrange(_tiny);
        CliRun run = Run(command[0], command[1]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(bad.Code), run.Error);
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Error.Split('\n'), Has.Exactly(1).StartsWith("error: "), run.Error);
            Assert.That(run.Error, Does.Not.Contain("internal error").And.Not.Contain("   at "));
            foreach (string text in bad.Says)
            {
                Assert.That(run.Error, Does.Contain(text));
            }
        });
    }

    private CliRun Run(string command, string yaml, params string[] options) =>
        CliRun.Of(string.Empty, [command, "-c", _tiny.Write("run.yaml", yaml), .. options]);
}
