using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal convert</c> and <c>proximal merge</c> as a user runs them.</summary>
public sealed class ConvertCommandTests
{
    private TinyFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TinyFolder();
        string config = Path.Combine(_folder.Model, "tokenizer_config.json");
        JsonObject root = File.Exists(config) ? JsonNode.Parse(File.ReadAllText(config))!.AsObject() : [];
        root["eos_token"] ??= Tokenizer.Load(_folder.Model).IdToToken(2);
        File.WriteAllText(config, root.ToJsonString());
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Shards_have_an_index_and_no_more_bytes_than_asked_for()
    {
        string output = _folder["out"];
        CliRun run = Convert(_folder.Model, "-o", output, "--type", "bf16", "--shard-size", "1KB");
        Assert.That(run.Code, Is.Zero, run.Error);
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(output, "model.safetensors.index.json")))!;
        string[] shards = [.. index["weight_map"]!.AsObject().Select(pair => pair.Value!.GetValue<string>()).Distinct()];
        Assert.Multiple(() =>
        {
            Assert.That(run.Output, Is.EqualTo(output + "\n"));
            Assert.That(shards, Has.Length.GreaterThan(2));
            Assert.That(shards, Is.All.Matches<string>(shard => File.Exists(Path.Combine(output, shard))));
            Assert.That(Tokenizer.Load(output).VocabularySize, Is.EqualTo(Tokenizer.Load(_folder.Model).VocabularySize));
            Assert.That(JsonNode.Parse(File.ReadAllText(Path.Combine(output, "config.json")))!["dtype"]!.GetValue<string>(), Is.EqualTo("bfloat16"));
        });
        using var engine = new Engine();
        using LanguageModel model = LanguageModel.Load(engine, output);
        Assert.That(index["metadata"]!["total_size"]!.GetValue<long>(), Is.EqualTo(2 * model.Info.ParameterCount));
    }

    [Test]
    public void A_model_without_a_tokenizer_becomes_a_folder_and_no_gguf_file()
    {
        string bare = new TinyModel().Write(_folder["bare"]);
        CliRun folder = Convert(bare, "-o", _folder["out"]);
        CliRun gguf = Convert(bare, "-o", _folder["out.gguf"]);
        Assert.Multiple(() =>
        {
            Assert.That(folder.Code, Is.Zero, folder.Error);
            Assert.That(folder.Error, Does.Contain("no tokenizer"));
            Assert.That(gguf.Code, Is.EqualTo(3));
            Assert.That(gguf.Error, Does.Contain("give --tokenizer"));
        });
    }

    [TestCase("--type", "q8_0", "safetensors has no such type")]
    [TestCase("--type", "int4", "expected one of f32, f16, bf16, q8_0")]
    [TestCase("--to", "onnx", "expected hf, gguf or peft")]
    [TestCase("--shard-size", "large", "a size such as 2GB")]
    public void Options_that_mean_nothing_are_refused_before_any_work(string option, string value, string message)
    {
        CliRun run = Convert(_folder.Model, "-o", _folder["out"], option, value);
        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(Path.Exists(_folder["out"]), Is.False);
    }

    [Test]
    public void What_stands_in_the_way_is_left_unless_it_may_go()
    {
        string taken = _folder.Write("taken.gguf", "mine");
        CliRun refused = Convert(_folder.Model, "-o", taken);
        CliRun self = Convert(_folder.Model, "-o", _folder.Model, "--overwrite");
        Assert.Multiple(() =>
        {
            Assert.That(refused.Code, Is.EqualTo(2));
            Assert.That(refused.Error, Does.Contain("--overwrite"));
            Assert.That(File.ReadAllText(taken), Is.EqualTo("mine"));
            Assert.That(self.Code, Is.EqualTo(2));
            Assert.That(self.Error, Does.Contain("that is the model itself"));
        });
    }

    [Test]
    public void An_adapter_is_merged_into_the_base_that_is_named()
    {
        string model = Tool.InRepository("tests", "golden", "models", "llama");
        string adapter = Tool.InRepository("tests", "golden", "models", "llama-lora");
        CliRun run = CliRun.Of(string.Empty, "merge", model, "--adapter", adapter, "-o", _folder["merged"]);
        Assert.That(run.Code, Is.Zero, run.Error);
        using var engine = new Engine();
        using LanguageModel merged = LanguageModel.Load(engine, _folder["merged"]);
        using LanguageModel expected = LanguageModel.Load(engine, adapter);
        Assert.Multiple(() =>
        {
            foreach (TensorInfo tensor in expected.Tensors)
            {
                Assert.That(merged.ReadTensor(tensor.Index), Is.EqualTo(expected.ReadTensor(tensor.Index)), tensor.Name);
            }
        });
    }

    [Test]
    public void An_adapter_on_another_base_is_refused_by_name()
    {
        string adapter = Tool.InRepository("tests", "golden", "models", "llama-lora");
        CliRun foreign = CliRun.Of(string.Empty, "merge", _folder.Model, "--adapter", adapter, "-o", _folder["merged"]);
        CliRun none = CliRun.Of(string.Empty, "merge", _folder.Model, "--adapter", _folder.Model, "-o", _folder["merged"]);
        Assert.Multiple(() =>
        {
            Assert.That(foreign.Code, Is.EqualTo(3));
            Assert.That(foreign.Error, Does.Contain("take the adapter's own base model"));
            Assert.That(none.Code, Is.EqualTo(3));
            Assert.That(none.Error, Does.Contain("adapter_config.json"));
        });
    }

    [Test]
    public void An_adapter_stays_one_where_that_is_asked_for()
    {
        string adapter = Tool.InRepository("tests", "golden", "models", "llama-lora");
        CliRun run = Convert(adapter, "-o", _folder["peft"], "--to", "peft", "--base", "some/base");
        CliRun whole = Convert(_folder.Model, "-o", _folder["whole"], "--to", "peft");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(
                JsonNode.Parse(File.ReadAllText(_folder["peft", "adapter_config.json"]))!["base_model_name_or_path"]!.GetValue<string>(), Is.EqualTo("some/base"));
            Assert.That(File.ReadAllBytes(_folder["peft", "adapter_model.safetensors"]), Is.EqualTo(File.ReadAllBytes(Path.Combine(adapter, "adapter_model.safetensors"))));
            Assert.That(whole.Code, Is.EqualTo(3));
            Assert.That(whole.Error, Does.Contain("trains no adapters"));
        });
    }

    [Test]
    public void A_reward_model_is_no_gguf_file()
    {
        string model = TinyTokenizer.Write(new TinyModel { Classifier = true, Tied = false }.Write(_folder["reward"]));
        CliRun run = Convert(model, "-o", _folder["new", "reward.gguf"]);
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(run.Error, Does.Contain("reward or value model"));
        Assert.That(Path.Exists(_folder["new"]), Is.False);
    }

    [TestCase("2GB", 2_000_000_000)]
    [TestCase("500MiB", 500L << 20)]
    [TestCase("1.5 KB", 1500)]
    [TestCase("7", 7)]
    [TestCase("0", null)]
    [TestCase("-1GB", null)]
    [TestCase("1e3", null)]
    [TestCase("99999999TB", null)]
    public void Sizes_are_read_as_people_write_them(string text, long? bytes) => Assert.That(Proximal.Cli.Models.ByteCount.Parse(text), Is.EqualTo(bytes));

    private static CliRun Convert(params string[] arguments) => CliRun.Of(string.Empty, ["convert", .. arguments]);
}
