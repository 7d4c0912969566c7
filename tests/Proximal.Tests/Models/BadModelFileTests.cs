using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

/// <summary>Model files that are missing, cut, damaged or lie: one message with what, where and the fix.</summary>
public sealed class BadModelFileTests : ModelFixture
{
    private string WeightsPath => Folder["model", "model.safetensors"];

    [Test]
    public void A_missing_folder() =>
        AssertRefused(Folder["none"], ProximalStatus.Io, Folder["none"], "expected a model folder", "No such file");

    [Test]
    public void A_folder_without_weights()
    {
        new TinyModel().Write(Folder["model"]);
        File.Delete(WeightsPath);
        AssertRefused(Folder["model"], ProximalStatus.Io, WeightsPath, "No such file");
    }

    [Test]
    public void A_folder_without_config()
    {
        new TinyModel().Write(Folder["model"]);
        File.Delete(Folder["model", "config.json"]);
        AssertRefused(Folder["model"], ProximalStatus.Io, Folder["model", "config.json"], "No such file");
    }

    [Test]
    public void Weights_cut_at_any_length()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(new TinyModel().Write(Folder["model"]), "model.safetensors"));
        foreach (int length in new[] { 0, 7, 8, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(WeightsPath, whole[..length]);
            AssertRefused(Folder["model"], ProximalStatus.CorruptData, WeightsPath, "copy it again");
        }
    }

    [Test]
    public void A_header_that_lies_about_its_length()
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(new TinyModel().Write(Folder["model"]), "model.safetensors"));
        foreach (ulong length in new[] { 0UL, 3UL, (ulong)bytes.Length, ulong.MaxValue })
        {
            BitConverter.GetBytes(length).CopyTo(bytes, 0);
            File.WriteAllBytes(WeightsPath, bytes);
            AssertRefused(Folder["model"], ProximalStatus.CorruptData, WeightsPath, "copy it again");
        }
    }

    [TestCase("shape", "[29,13]", "takes 1508 bytes, data_offsets give 1392")]
    [TestCase("shape", "[9223372036854775807,12]", "beyond what a file can hold")]
    [TestCase("data_offsets", "[0,99999999]", "data_offsets: expected [begin, end] within")]
    [TestCase("data_offsets", "[-4,1388]", "data_offsets: expected [begin, end] within")]
    [TestCase("data_offsets", "[4,1396]", "begins at byte")]
    public void A_tensor_that_lies(string key, string value, string what)
    {
        new TinyModel().Write(Folder["model"]);
        EditHeader(header => header["model.embed_tokens.weight"]![key] = JsonNode.Parse(value));
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, WeightsPath, "tensor 'model.", what, "copy ");
    }

    [Test]
    public void A_bit_flipped_anywhere_in_the_header_is_seen_or_harmless()
    {
        string folder = new TinyModel().Write(Folder["model"]);
        byte[] bytes = File.ReadAllBytes(WeightsPath);
        using LanguageModel original = LanguageModel.Load(Engine, folder);
        int header = 8 + Safetensors.Split(WeightsPath).Header.Length;
        var random = new Random(5);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            int place = random.Next(header);
            byte flipped = (byte)(bytes[place] ^ (1 << random.Next(8)));
            byte kept = bytes[place];
            bytes[place] = flipped;
            File.WriteAllBytes(WeightsPath, bytes);
            bytes[place] = kept;
            try
            {
                using LanguageModel model = LanguageModel.Load(Engine, folder);
                AssertSameTensors(model, original);
            }
            catch (ProximalException exception)
            {
                Assert.That(exception.Message, Does.Contain(WeightsPath));
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(250));
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void Weights_that_are_not_finite(float bad)
    {
        new TinyModel().Write(Folder["model"]);
        (string header, byte[] data) = Safetensors.Split(WeightsPath);
        BitConverter.GetBytes(bad).CopyTo(data, 4 * 17);
        Safetensors.Write(WeightsPath, header, data);
        AssertRefused(
            Folder["model"], ProximalStatus.NotFinite, WeightsPath, "'model.embed_tokens.weight': element 17 of [29, 12]", "take another copy");
    }

    [Test]
    public void A_tensor_that_is_missing_or_of_another_shape_or_unknown()
    {
        var tiny = new TinyModel();
        Dictionary<string, Safetensors.Tensor> tensors = tiny.Tensors();
        tiny.Write(Folder["model"]);
        tensors.Remove("model.layers.1.mlp.up_proj.weight", out Safetensors.Tensor? up);
        Safetensors.Write(WeightsPath, tensors);
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, WeightsPath, "'model.layers.1.mlp.up_proj.weight' is missing", "[20, 12]");
        tensors["model.layers.1.mlp.up_proj.weight"] = up! with { Shape = [12, 20] };
        Safetensors.Write(WeightsPath, tensors);
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, WeightsPath, "wants shape [20, 12], got [12, 20]");
        tensors["model.layers.1.mlp.up_proj.weight"] = up;
        tensors["model.layers.1.self_attn.q_proj.bias"] = Safetensors.Tensor.Of(new float[16], 16);
        Safetensors.Write(WeightsPath, tensors);
        AssertRefused(Folder["model"], ProximalStatus.Unsupported, WeightsPath, "'model.layers.1.self_attn.q_proj.bias'", "attention_bias");
    }

    [Test]
    public void A_config_that_is_cut_or_not_utf8_or_says_something_twice()
    {
        new TinyModel().Write(Folder["model"]);
        string path = Folder["model", "config.json"];
        string text = File.ReadAllText(path);
        File.WriteAllText(path, text[..50]);
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, path, "byte 51", "copy it again");
        File.WriteAllBytes(path, [.. "{\"a\":\""u8, 0xff, .. "\"}"u8]);
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, path, "UTF-8");
        File.WriteAllText(path, text[..^1] + ",\"vocab_size\":3}");
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, path, "'vocab_size' stands twice", "remove one");
    }

    [TestCase("model_type", null, ProximalStatus.CorruptData, "is missing")]
    [TestCase("model_type", "\"gemma\"", ProximalStatus.Unsupported, "'gemma'")]
    [TestCase("model_type", "\"qwen3\"", ProximalStatus.Unsupported, "Qwen3ForCausalLM", "architectures")]
    [TestCase("hidden_size", null, ProximalStatus.CorruptData, "is missing")]
    [TestCase("num_hidden_layers", "-1", ProximalStatus.CorruptData, "got -1")]
    [TestCase("vocab_size", "1e30", ProximalStatus.CorruptData, "got 1e+30")]
    [TestCase("rms_norm_eps", "\"small\"", ProximalStatus.CorruptData, "got \"small\"")]
    [TestCase("hidden_act", "\"gelu\"", ProximalStatus.Unsupported, "\"gelu\"")]
    [TestCase("sliding_window", "8", ProximalStatus.Unsupported, "got 8")]
    [TestCase("pretraining_tp", "4", ProximalStatus.Unsupported, "got 4")]
    [TestCase("logits_scaling", "16", ProximalStatus.Unsupported, "got 16")]
    [TestCase("architectures", "[\"LlamaForTokenClassification\"]", ProximalStatus.Unsupported, "LlamaForTokenClassification")]
    public void A_key_of_the_config(string key, string? value, ProximalStatus status, string what, string? named = null)
    {
        var tiny = new TinyModel { Config = new() { [key] = value is null ? null : JsonNode.Parse(value) } };
        AssertRefused(tiny.Write(Folder["model"]), status, Folder["model", "config.json"], $"'{named ?? key}'", what, "; ");
    }

    [TestCase("longrope")]
    [TestCase("proportional")]
    public void A_rope_that_is_not_computed(string type)
    {
        var rope = new JsonObject { ["rope_type"] = type, ["rope_theta"] = 10000.0, ["factor"] = 4.0 };
        var tiny = new TinyModel { Config = new() { ["rope_parameters"] = rope } };
        AssertRefused(tiny.Write(Folder["model"]), ProximalStatus.Unsupported, "config.json", "rope_parameters", "'rope_type'", $"\"{type}\"");
    }

    [Test]
    public void A_config_that_asks_for_more_than_the_file_holds_takes_no_memory()
    {
        var tiny = new TinyModel { Config = new() { ["hidden_size"] = 131072, ["vocab_size"] = 16777216, ["num_hidden_layers"] = 4000 } };
        AssertRefused(tiny.Write(Folder["model"]), ProximalStatus.CorruptData, WeightsPath, "wants shape [16777216, 131072], got [29, 12]");
    }

    [Test]
    public void An_adapter_that_is_none_or_not_plain_lora()
    {
        Directory.CreateDirectory(Folder["adapter"]);
        string path = Folder["adapter", "adapter_config.json"];
        File.WriteAllText(path, "{}");
        AssertRefused(Folder["adapter"], ProximalStatus.CorruptData, path, "'peft_type' is missing");
        File.WriteAllText(path, """{"peft_type": "LORA", "use_dora": true}""");
        AssertRefused(Folder["adapter"], ProximalStatus.Unsupported, path, "'use_dora'", "merge the adapter");
    }

    [Test]
    public void An_index_that_leaves_the_folder_or_names_a_missing_shard()
    {
        new TinyModel { Shards = 2 }.Write(Folder["model"]);
        string path = Folder["model", "model.safetensors.index.json"];
        JsonNode index = JsonNode.Parse(File.ReadAllText(path))!;
        index["weight_map"]!["model.norm.weight"] = "../model-00001-of-00002.safetensors";
        File.WriteAllText(path, index.ToJsonString());
        AssertRefused(Folder["model"], ProximalStatus.CorruptData, path, "'model.norm.weight'", "same folder");
        index["weight_map"]!["model.norm.weight"] = "model-00003-of-00002.safetensors";
        File.WriteAllText(path, index.ToJsonString());
        AssertRefused(Folder["model"], ProximalStatus.Io, Folder["model", "model-00003-of-00002.safetensors"], "No such file");
    }

    [Test]
    public void A_classifier_with_several_labels()
    {
        var tiny = new TinyModel { Classifier = true, Config = new() { ["id2label"] = new JsonObject { ["0"] = "a", ["1"] = "b" } } };
        AssertRefused(tiny.Write(Folder["model"]), ProximalStatus.Unsupported, "config.json", "'id2label'", "one label");
    }

    [Test]
    public void A_file_of_another_kind()
    {
        File.WriteAllText(Folder["model.gguf"], "GGUF");
        AssertRefused(Folder["model.gguf"], ProximalStatus.CorruptData, Folder["model.gguf"], "cut short");
        File.WriteAllText(Folder["model.onnx"], "anything");
        AssertRefused(Folder["model.onnx"], ProximalStatus.Unsupported, Folder["model.onnx"], "give the folder");
    }

    [Test]
    public void A_bin_file_that_is_cut_or_lies()
    {
        File.WriteAllBytes(Folder["m.bin"], new byte[20]);
        AssertRefused(Folder["m.bin"], ProximalStatus.CorruptData, Folder["m.bin"], "got 20", "copy it again");
        File.WriteAllBytes(Folder["m.bin"], [.. new[] { 8, 6, 2, 2, 1, 5, 10 }.SelectMany(BitConverter.GetBytes), 0, 0, 0, 0]);
        AssertRefused(Folder["m.bin"], ProximalStatus.CorruptData, Folder["m.bin"], "dim 8, 2 layers", "got 32");
    }

    private void EditHeader(Action<JsonObject> edit)
    {
        (string text, byte[] data) = Safetensors.Split(WeightsPath);
        JsonObject header = JsonNode.Parse(text)!.AsObject();
        edit(header);
        Safetensors.Write(WeightsPath, header.ToJsonString(), data);
    }
}
