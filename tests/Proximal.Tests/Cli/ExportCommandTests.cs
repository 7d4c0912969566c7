using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Models.Formats;
using Proximal.Reports;
using Proximal.Tokenization;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal export</c>: a run's model and its card.</summary>
public sealed class ExportCommandTests
{
    private const string Sft =
        """
        model: model
        output: sft
        data: {path: rows.jsonl}
        validation: {fraction: 0.25}
        sft: {epochs: 1, batch_size: 3}
        """;

    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void RunOnce()
    {
        _tiny = new TinyFolder();
        File.WriteAllText(Path.Combine(_tiny.Model, "tokenizer_config.json"), """{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}""");
        MakeWhole(Path.Combine(_tiny.Model, "tokenizer.json"));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(_tiny.Model, "config.json")))!.AsObject();
        config["vocab_size"] = 300;
        _tiny.Write("start.json", config.ToJsonString());
        _tiny.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"prompt\": \"{(char)('a' + i)}b\", \"response\": \"{(char)('a' + i)}\"}}\n")));
        _tiny.Write("run.yaml", Sft.Replace("model: model", "model: {init: start.json}\ntokenizer: model", StringComparison.Ordinal));
        CliRun run = CliRun.Of(string.Empty, "sft", "-c", _tiny["run.yaml"]);
        Assert.That(run.Code, Is.Zero, run.Error);
        Directory.CreateDirectory(_tiny["eval"]);
        _tiny.Write("eval/eval.md", "# sft/model against base\n\nIt wins 93 % of the pairs.\n\n| | a | b |\n|---|---|---|\n| reward | 1 | 2 |\n\n## The same prompt, both models\n\nsecret sample\n");
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _tiny.Dispose();

    [Test]
    public void A_folder_has_the_model_and_a_card_of_data_settings_and_evaluation()
    {
        string output = _tiny["stories"];
        CliRun run = CliRun.Of(string.Empty, "export", _tiny["sft"], "-o", output, "--type", "bf16", "--eval", _tiny["eval"], "--license", "mit");
        Assert.That(run.Code, Is.Zero, run.Error);
        string card = File.ReadAllText(Path.Combine(output, "README.md"));
        string[] head = card.Split("---\n")[1].Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(run.Output, Is.EqualTo(output + "\n"));
            Assert.That(head, Is.SupersetOf(new[] { "library_name: transformers", "license: mit", "pipeline_tag: text-generation", "- proximal", "- sft", "- llama" }));
            Assert.That(card, Does.Contain("# stories\n"));
            Assert.That(card, Does.Match(@"\| rows\.jsonl \| data\.path \| \d+ \| [0-9a-f]{64} \|"));
            Assert.That(card, Does.Match(@"\| validation/loss \| \d"));
            Assert.That(card, Does.Contain("## sft/model against base").And.Contain("It wins 93 % of the pairs.").And.Not.Contain("secret sample"));
            Assert.That(card, Does.Contain("batch_size: 3"));
            Assert.That(card, Does.Contain("## Licence\n\nmit, as the one who exported"));
            Assert.That(card, Does.Not.Contain(Path.GetDirectoryName(_tiny["sft"])!), "a path of this machine");
        });
        using var engine = new Engine();
        using LanguageModel exported = LanguageModel.Load(engine, output);
        Assert.That(exported.Info.StorageType, Is.EqualTo(TensorType.BFloat16));
        Assert.That(Tokenizer.IsAt(output));
    }

    [Test]
    public void A_gguf_file_lies_beside_its_card_which_says_that_the_licence_is_unknown()
    {
        string output = _tiny["quantised"];
        CliRun run = CliRun.Of(string.Empty, "export", _tiny["sft"], "-o", output, "--to", "gguf", "--type", "f16");
        Assert.That(run.Code, Is.Zero, run.Error);
        string card = File.ReadAllText(Path.Combine(output, "README.md"));
        Assert.Multiple(() =>
        {
            Assert.That(Directory.GetFiles(output).Select(Path.GetFileName), Is.EquivalentTo(new[] { "README.md", "quantised-F16.gguf" }));
            Assert.That(GgufHeader.Read(Path.Combine(output, "quantised-F16.gguf")).Text("general.name"), Is.EqualTo("quantised-F16"));
            Assert.That(card, Does.Contain("library_name: gguf\nlicense: unknown\n"));
            Assert.That(card, Does.Contain("Unknown: who exported the model named none."));
        });
    }

    [TestCase("model", "it is a model, no run")]
    [TestCase("absent", "does not exist")]
    [TestCase("eval", "it holds no model/")]
    public void What_is_no_finished_run_is_refused(string name, string message)
    {
        CliRun run = CliRun.Of(string.Empty, "export", _tiny[name], "-o", _tiny["out"]);
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(Path.Exists(_tiny["out"]), Is.False);
    }

    [Test]
    public void Paths_of_settings_are_cut_and_hub_models_named()
    {
        CardFiles files = CardFiles.Of(
            """
            model:
              path: /home/me/hub/models--org--name/snapshots/0123/
            tokenizer: null
            output: "/home/me/runs/mine"
            rewards:
              - type: model
                path: /home/me/my runs/rm/model
              - type: http
                url: https://reward.example/score?key=secret
            data:
              sources:
                - /home/me/a b.jsonl
            """);
        Assert.Multiple(() =>
        {
            Assert.That(files.Shortened, Does.Not.Contain("/home/me").And.Not.Contain("secret"));
            Assert.That(files.Shortened, Does.Contain("path: org/name").And.Contain("path: rm/model").And.Contain("- a b.jsonl").And.Contain("output: \"mine\""));
            Assert.That(files.HubBase, Is.EqualTo("org/name"));
        });
    }

    /// <summary>The tiny tokenizer with a token for each byte, which llama.cpp needs.</summary>
    private static void MakeWhole(string file)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(file))!;
        JsonObject vocabulary = root["model"]!["vocab"]!.AsObject();
        for (int value = 0; value < 256; value++)
        {
            vocabulary[$"<0x{value:X2}>"] = vocabulary.Count;
        }

        root["model"]!["byte_fallback"] = true;
        File.WriteAllText(file, root.ToJsonString());
    }
}
