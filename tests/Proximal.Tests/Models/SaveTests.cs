using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class SaveTests : ModelFixture
{
    [TestCase(true, false)]
    [TestCase(false, true)]
    public void Saved_and_reloaded_is_the_same_to_the_bit(bool tied, bool biases)
    {
        using LanguageModel model = Load(new TinyModel { Tied = tied, AttentionBias = biases, MlpBias = biases });
        model.Save(Folder["saved"]);
        using LanguageModel again = LanguageModel.Load(Engine, Folder["saved"]);
        Assert.That(again.Info, Is.EqualTo(model.Info));
        AssertSameTensors(again, model);
    }

    [Test]
    public void What_another_reader_finds_in_the_file_is_what_the_model_holds()
    {
        using LanguageModel model = Load(new TinyModel { Tied = false });
        model.Save(Folder["saved"]);
        Dictionary<string, Safetensors.Tensor> tensors = Safetensors.Read(Folder["saved", "model.safetensors"]);
        Assert.That(tensors.Keys, Is.EquivalentTo(model.Tensors.Select(tensor => tensor.Name)));
        foreach (TensorInfo tensor in model.Tensors)
        {
            Assert.That(tensors[tensor.Name].Shape, Is.EqualTo(tensor.Shape));
            Assert.That(Bits(tensors[tensor.Name].Floats()), Is.EqualTo(Bits(model.ReadTensor(tensor.Index))));
        }
    }

    [TestCase(TensorType.BFloat16, "bfloat16")]
    [TestCase(TensorType.Float16, "float16")]
    public void Sixteen_bits_are_rounded_once_and_then_stay(TensorType type, string name)
    {
        using LanguageModel model = Load(new TinyModel());
        model.Save(Folder["saved"], type);
        using LanguageModel again = LanguageModel.Load(Engine, Folder["saved"]);
        Assert.That(again.Info.StorageType, Is.EqualTo(type));
        Assert.That(Config("saved")["dtype"]!.GetValue<string>(), Is.EqualTo(name));
        double relative = type == TensorType.BFloat16 ? 1.0 / 256 : 1.0 / 2048;
        foreach (TensorInfo tensor in model.Tensors)
        {
            float[] exact = model.ReadTensor(tensor.Index);
            float[] rounded = again.ReadTensor(tensor.Index);
            Assert.That(rounded, Is.Not.EqualTo(exact), tensor.Name);
            for (int i = 0; i < exact.Length; i++)
            {
                Assert.That(rounded[i], Is.EqualTo(exact[i]).Within((Math.Abs(exact[i]) * relative) + 3e-8), tensor.Name);
            }
        }

        again.Save(Folder["twice"], type);
        using LanguageModel twice = LanguageModel.Load(Engine, Folder["twice"]);
        AssertSameTensors(twice, again);
    }

    [Test]
    public void Half_precision_rounds_as_dotnet_does()
    {
        using LanguageModel model = Load(new TinyModel());
        model.Save(Folder["saved"], TensorType.Float16);
        using LanguageModel again = LanguageModel.Load(Engine, Folder["saved"]);
        foreach (TensorInfo tensor in model.Tensors)
        {
            float[] expected = Array.ConvertAll(model.ReadTensor(tensor.Index), value => (float)(Half)value);
            Assert.That(Bits(again.ReadTensor(tensor.Index)), Is.EqualTo(Bits(expected)), tensor.Name);
        }
    }

    [Test]
    public void Shards_hold_at_most_what_was_asked_for_and_load_again()
    {
        using LanguageModel model = Load(new TinyModel { Tied = false });
        model.Save(Folder["saved"], shardBytes: 2000);
        string[] shards = Directory.GetFiles(Folder["saved"], "model-*.safetensors");
        Assert.That(shards, Has.Length.GreaterThan(2));
        Assert.That(shards.Select(shard => Safetensors.Split(shard).Data.Length), Is.All.LessThanOrEqualTo(2000));
        Assert.That(File.Exists(Folder["saved", "model.safetensors"]), Is.False);
        JsonNode index = JsonNode.Parse(File.ReadAllText(Folder["saved", "model.safetensors.index.json"]))!;
        Assert.That(index["metadata"]!["total_size"]!.GetValue<long>(), Is.EqualTo(4 * model.Info.ParameterCount));
        using LanguageModel again = LanguageModel.Load(Engine, Folder["saved"]);
        AssertSameTensors(again, model);
    }

    [Test]
    public void A_scalar_head_is_saved_as_a_classifier_of_one_label()
    {
        using LanguageModel model = Load(new TinyModel { Tied = false });
        using LanguageModel reward = model.Derive(ModelHead.Scalar, HeadInitialization.Normal, 9);
        reward.Save(Folder["reward"]);
        JsonObject config = Config("reward");
        Assert.That(config["architectures"]!.Deserialize<string[]>(), Is.EqualTo(new[] { "LlamaForSequenceClassification" }));
        Assert.That(config["num_labels"]!.GetValue<int>(), Is.EqualTo(1));
        Assert.That(config["id2label"]!.AsObject(), Has.Count.EqualTo(1));
        using LanguageModel again = LanguageModel.Load(Engine, Folder["reward"]);
        Assert.That(again.Info.Head, Is.EqualTo(ModelHead.Scalar));
        AssertSameTensors(again, reward);
    }

    [Test]
    public void The_config_keeps_what_it_does_not_know()
    {
        using LanguageModel model = Load(new TinyModel
        {
            Config = new() { ["pad_token_id"] = 0, ["my_note"] = "kept", ["transformers_version"] = "5.23.0" },
        });
        model.Save(Folder["saved"]);
        JsonObject config = Config("saved");
        Assert.That(config["my_note"]!.GetValue<string>(), Is.EqualTo("kept"));
        Assert.That(config["pad_token_id"]!.GetValue<int>(), Is.Zero);
        Assert.That(config["rope_parameters"]!["rope_theta"]!.GetValue<double>(), Is.EqualTo(10000));
    }

    [Test]
    public void A_model_can_be_saved_over_the_files_it_came_from()
    {
        using LanguageModel model = Load(new TinyModel { Shards = 2 });
        model.WriteTensor("model.norm.weight", new float[12]);
        model.Save(Folder["model"]);
        Assert.That(Directory.GetFiles(Folder["model"]).Select(Path.GetFileName), Is.EquivalentTo(new[] { "config.json", "model.safetensors" }));
        using LanguageModel again = LanguageModel.Load(Engine, Folder["model"]);
        AssertSameTensors(again, model);
    }

    [Test]
    public void A_failed_save_names_the_path()
    {
        using LanguageModel model = Load(new TinyModel());
        AssertSaveFails(model, Folder["no", "parent"], ProximalStatus.Io, Folder["no", "parent"], "No such file or directory");
        File.WriteAllText(Folder["file"], "x");
        AssertSaveFails(model, Folder["file"], ProximalStatus.Io, Folder["file"]);
    }

    [Test]
    public void Numbers_beyond_half_precision_are_refused_and_the_earlier_model_stays()
    {
        using LanguageModel model = Load(new TinyModel());
        model.Save(Folder["saved"], TensorType.Float16);
        model.WriteTensor("model.norm.weight", [.. Enumerable.Repeat(70000f, 12)]);
        ProximalException exception = AssertSaveFails(
            model, Folder["saved"], ProximalStatus.NotFinite, "'model.norm.weight': element 0 is 70000", "bf16", TensorType.Float16);
        Assert.That(exception.Function, Is.EqualTo("px_model_save"));
        using LanguageModel earlier = LanguageModel.Load(Engine, Folder["saved"]);
        Assert.That(earlier.ReadTensor("model.norm.weight"), Is.Not.EqualTo(model.ReadTensor("model.norm.weight")));
        Assert.That(Directory.GetFiles(Folder["saved"]), Has.Length.EqualTo(2));
    }

    private static ProximalException AssertSaveFails(
        LanguageModel model, string path, ProximalStatus status, string what, string fix = "", TensorType type = TensorType.Float32)
    {
        var exception = Assert.Throws<ProximalException>(() => model.Save(path, type))!;
        Assert.That(exception.Status, Is.EqualTo(status));
        Assert.That(exception.Message, Does.Contain(what).And.Contain(fix));
        return exception;
    }

    private JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllText(Folder[folder, "config.json"]))!.AsObject();
}
