using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Models.Formats;
using Proximal.Tests.Interop;
using Proximal.Tokenization;

namespace Proximal.Tests.Models;

/// <summary>Models written as GGUF files: what comes back, what others' files say of the same models, and what is refused.</summary>
public sealed class GgufSaveTests : ModelFixture
{
    private static readonly string[] Golden =
        ["llama", "llama-bf16", "llama-f16", "llama-rope-linear", "llama-rope-yarn", "llama3", "mistral", "qwen2", "qwen3", "gpt2", "smollm2"];

    [TestCaseSource(nameof(Golden))]
    public void Fp32_comes_back_to_the_bit(string name)
    {
        using LanguageModel model = LoadGolden(name);
        using LanguageModel again = Saved(model, GgufType.Float32, "model.gguf");
        Assert.That(again.Info, Is.EqualTo(model.Info with { StorageType = TensorType.Float32 }));
        AssertSameTensors(again, model);
        using LanguageModel twice = Saved(again, GgufType.Float32, "twice.gguf");
        Assert.That(File.ReadAllBytes(Folder["twice.gguf"]), Is.EqualTo(File.ReadAllBytes(Folder["model.gguf"])));
    }

    /// <summary>The type is the file's; what is computed is the same, but for a scaling that the file holds as fp32 factors.</summary>
    [TestCaseSource(nameof(Golden))]
    public void The_model_that_comes_back_computes_the_same(string name)
    {
        using LanguageModel model = LoadGolden(name);
        using LanguageModel again = Saved(model, GgufType.Float32, "model.gguf");
        float[] expected = LogProbs(model);
        float[] actual = LogProbs(again);
        for (int i = 1; i < expected.Length; i++)
        {
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(name == "llama3" ? 1e-5 : 0), $"place {i}");
        }
    }

    [TestCase(GgufType.Float16, TensorType.Float16)]
    [TestCase(GgufType.BFloat16, TensorType.BFloat16)]
    public void Sixteen_bits_are_rounded_once_as_in_safetensors(GgufType type, TensorType same)
    {
        using LanguageModel model = LoadGolden("qwen3");
        using LanguageModel again = Saved(model, type, "model.gguf");
        model.Save(Folder["folder"], same);
        using LanguageModel folder = LanguageModel.Load(Engine, Folder["folder"]);
        Assert.Multiple(() =>
        {
            Assert.That(again.Info.StorageType, Is.EqualTo(same));
            foreach (TensorInfo tensor in model.Tensors)
            {
                LanguageModel expected = tensor.Shape.Count > 1 ? folder : model;
                Assert.That(Bits(again.ReadTensor(tensor.Index)), Is.EqualTo(Bits(expected.ReadTensor(tensor.Index))), tensor.Name);
            }
        });
    }

    [Test]
    public void Q8_0_keeps_every_block_within_its_bound_and_stays()
    {
        using LanguageModel model = Load(new TinyModel { Hidden = 64, Intermediate = 96, Heads = 4, HeadSize = 16, Tied = false });
        using LanguageModel again = Saved(model, GgufType.Q8, "model.gguf");
        Assert.That(Types("model.gguf"), Is.EquivalentTo(new[] { "F32", "Q8_0" }));
        Assert.Multiple(() =>
        {
            foreach (TensorInfo tensor in model.Tensors)
            {
                AssertWithinBlocks(again.ReadTensor(tensor.Index), model.ReadTensor(tensor.Index), tensor.Shape.Count > 1, tensor.Name);
            }
        });
    }

    [Test]
    public void Rows_of_no_whole_blocks_are_half_precision_in_q8_0()
    {
        using LanguageModel model = Load(new TinyModel { Hidden = 32, Intermediate = 20, Heads = 4, HeadSize = 8 });
        Saved(model, GgufType.Q8, "model.gguf").Dispose();
        GgufHeader header = GgufHeader.Read(Folder["model.gguf"]);
        Assert.That(header.Tensors.Where(tensor => tensor.Type == "F16").Select(tensor => tensor.Name), Is.EqualTo(["blk.0.ffn_down.weight", "blk.1.ffn_down.weight"]));
    }

    /// <summary>Files of the gguf package hold the same models under llama.cpp's names, keys and orders.</summary>
    [TestCase("llama", "llama-f32", GgufType.Float32)]
    [TestCase("llama3", "llama3-f16", GgufType.Float16)]
    [TestCase("qwen2", "qwen2-bf16", GgufType.BFloat16)]
    [TestCase("qwen3", "qwen3-f16", GgufType.Float16)]
    [TestCase("gpt2", "gpt2-f16", GgufType.Float16)]
    public void Names_keys_and_shapes_are_those_of_another_writer(string name, string file, GgufType type)
    {
        using LanguageModel model = LoadGolden(name);
        Saved(model, type, "model.gguf").Dispose();
        GgufHeader ours = GgufHeader.Read(Folder["model.gguf"]);
        GgufHeader theirs = GgufHeader.Read(Tool.InRepository("tests", "golden", "gguf", file + ".gguf"));
        string architecture = theirs.Text("general.architecture")!;
        Assert.Multiple(() =>
        {
            Assert.That(ours.Text("general.architecture"), Is.EqualTo(architecture));
            Assert.That(ours.Tensors.Select(Describe), Is.EquivalentTo(theirs.Tensors.Select(Describe)));
            foreach ((string key, object value) in theirs.Metadata.Where(pair => pair.Key.StartsWith(architecture + ".", StringComparison.Ordinal)))
            {
                Assert.That(ours.Metadata.GetValueOrDefault(key), Is.EqualTo(value), key);
            }
        });
    }

    [Test]
    public void Rope_factors_are_saved_and_reloaded_in_both_formats()
    {
        using LanguageModel model = LoadGolden("llama3");
        using LanguageModel gguf = Saved(model, GgufType.Float32, "model.gguf");
        gguf.Save(Folder["folder"]);
        using LanguageModel folder = LanguageModel.Load(Engine, Folder["folder"]);
        using LanguageModel back = Saved(folder, GgufType.Float32, "back.gguf");
        Assert.Multiple(() =>
        {
            Assert.That(GgufHeader.Read(Folder["model.gguf"]).Tensors[0].Name, Is.EqualTo("rope_freqs.weight"));
            Assert.That(LogProbs(folder), Is.EqualTo(LogProbs(gguf)), "a folder of the GGUF file's model");
            Assert.That(LogProbs(back), Is.EqualTo(LogProbs(gguf)), "a GGUF file of that folder");
            Assert.That(File.ReadAllBytes(Folder["back.gguf"]), Is.EqualTo(File.ReadAllBytes(Folder["model.gguf"])));
        });
    }

    [TestCase(8, 1)]
    [TestCase(64, 0)]
    public void A_window_that_llama_cpp_does_not_know_is_noted(int window, int notes)
    {
        string tokenizer = Folder["tokenizer"];
        var trainer = new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 260 });
        trainer.Add("to be or not to be");
        trainer.Train().Save(tokenizer);
        var config = new Dictionary<string, JsonNode?>
        {
            ["model_type"] = "mistral", ["architectures"] = new JsonArray("MistralForCausalLM"), ["sliding_window"] = window, ["attention_bias"] = null, ["mlp_bias"] = null,
        };
        using LanguageModel model = Load(new TinyModel { Vocabulary = 270, Config = config });
        IReadOnlyList<string> told = model.SaveGguf(Folder["model.gguf"], tokenizer, GgufType.Float32);
        Assert.That(told.Count(note => note.Contains($"{window} tokens", StringComparison.Ordinal)), Is.EqualTo(notes));
        Assert.That(GgufHeader.Read(Folder["model.gguf"]).List<string>("tokenizer.ggml.tokens"), Has.Length.EqualTo(270));
    }

    [Test]
    public void A_reward_model_is_refused()
    {
        using LanguageModel model = Load(new TinyModel { Classifier = true });
        AssertRefused(model, GgufType.Float32, ProximalStatus.Unsupported, "scalar head", "Hugging Face folder");
    }

    [Test]
    public void What_no_key_says_is_refused_by_name()
    {
        var yarn = new JsonObject { ["rope_type"] = "yarn", ["rope_theta"] = 10000.0, ["factor"] = 2.0, ["original_max_position_embeddings"] = 32, ["beta_fast"] = 16.0 };
        using LanguageModel model = Load(new TinyModel { Config = { ["rope_parameters"] = yarn } });
        AssertRefused(model, GgufType.Float32, ProximalStatus.Unsupported, "beta_fast");
    }

    [Test]
    public void A_number_that_does_not_fit_names_its_tensor_and_leaves_no_file()
    {
        using LanguageModel model = Load(new TinyModel());
        float[] values = model.ReadTensor("model.embed_tokens.weight");
        values[5] = 1e6f;
        model.WriteTensor("model.embed_tokens.weight", values);
        AssertRefused(model, GgufType.Float16, ProximalStatus.NotFinite, "model.embed_tokens.weight", "1e+06", "bf16");
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(Folder["model.gguf"])!, "*.gguf*"), Is.Empty);
    }

    [Test]
    public void Keys_of_the_model_itself_are_refused_among_the_others()
    {
        using LanguageModel model = Load(new TinyModel());
        foreach (string key in (string[])["llama.context_length", "general.architecture", "general.alignment"])
        {
            var metadata = new GgufKeyValues();
            metadata.Add(key, 64);
            ArgumentException refusal = Assert.Throws<ArgumentException>(() => model.SaveGguf(Folder["model.gguf"], GgufType.Float32, metadata))!;
            Assert.That(refusal.Message, Does.Contain(key));
        }
    }

    [Test]
    public void A_vocabulary_of_another_size_is_refused()
    {
        using LanguageModel model = Load(new TinyModel());
        var metadata = new GgufKeyValues();
        metadata.Add("tokenizer.ggml.tokens", (string[])["a", "b"]);
        Exception refusal = Assert.Catch(() => model.SaveGguf(Folder["model.gguf"], GgufType.Float32, metadata))!;
        Assert.That(refusal.Message, Does.Contain("29").And.Contain("got 2"));
    }

    private static string Describe(GgufTensorEntry tensor) => $"{tensor.Name} [{string.Join(", ", tensor.Shape)}]";

    private static void AssertWithinBlocks(float[] actual, float[] expected, bool matrix, string name)
    {
        for (int start = 0; start < expected.Length; start += 32)
        {
            float[] block = expected[start..Math.Min(start + 32, expected.Length)];
            float largest = block.Max(Math.Abs);
            double bound = matrix ? (largest / 254) + (largest / 2048) : 0;
            Assert.That(Enumerable.Range(0, block.Length).Max(i => Math.Abs(actual[start + i] - block[i])), Is.LessThanOrEqualTo(bound * 1.0001), $"{name}, numbers from {start}");
        }
    }

    private static float[] LogProbs(LanguageModel model)
    {
        int[] tokens = [.. Enumerable.Range(0, 24).Select(i => (7 * i + 3) % model.Info.VocabularySize)];
        return model.Score(new PackedBatch(tokens, [0, tokens.Length]), ScoreOutputs.LogProbs).LogProbs;
    }

    private LanguageModel LoadGolden(string name) => LanguageModel.Load(Engine, Tool.InRepository("tests", "golden", "models", name));

    private LanguageModel Saved(LanguageModel model, GgufType type, string file)
    {
        model.SaveGguf(Folder[file], type, new GgufKeyValues());
        return LanguageModel.Load(Engine, Folder[file]);
    }

    private IEnumerable<string> Types(string file) => GgufHeader.Read(Folder[file]).Tensors.Select(tensor => tensor.Type).Distinct();

    private void AssertRefused(LanguageModel model, GgufType type, ProximalStatus status, params string[] texts)
    {
        ProximalException refusal = Assert.Throws<ProximalException>(() => model.SaveGguf(Folder["model.gguf"], type, new GgufKeyValues()))!;
        Assert.Multiple(() =>
        {
            Assert.That(refusal.Status, Is.EqualTo(status), refusal.Message);
            foreach (string text in texts)
            {
                Assert.That(refusal.Message, Does.Contain(text));
            }
        });
    }
}
