using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class LoadTests : ModelFixture
{
    private static readonly int[][] Sequences = [[1, 5, 7, 2], [3, 28, 0, 11, 9, 4, 4]];

    [Test]
    public void A_model_has_the_sizes_of_its_config_and_the_tensors_of_its_file_in_the_order_of_transformers()
    {
        var tiny = new TinyModel { AttentionBias = true, MlpBias = true, Tied = false, HeadSize = 6 };
        using LanguageModel model = Load(tiny);
        Dictionary<string, Safetensors.Tensor> expected = tiny.Tensors();
        Assert.That(model.Tensors.Select(tensor => tensor.Name), Is.EqualTo(expected.Keys));
        Assert.Multiple(() =>
        {
            foreach (TensorInfo tensor in model.Tensors)
            {
                Assert.That(tensor.Shape, Is.EqualTo(expected[tensor.Name].Shape), tensor.Name);
                Assert.That(model.ReadTensor(tensor.Index), Is.EqualTo(expected[tensor.Name].Floats()), tensor.Name);
            }
        });
        long parameters = expected.Values.Sum(tensor => tensor.Data.Length / sizeof(float));
        Assert.That(
            model.Info,
            Is.EqualTo(new ModelInfo(29, 12, 2, 4, 2, 6, 20, 64, parameters, ModelHead.LanguageModel, false, TensorType.Float32)));
    }

    [TestCase("BF16", TensorType.BFloat16)]
    [TestCase("F16", TensorType.Float16)]
    public void Sixteen_bits_are_read_exactly(string type, TensorType expected)
    {
        var tiny = new TinyModel { Type = type };
        using LanguageModel model = Load(tiny);
        Assert.That(model.Info.StorageType, Is.EqualTo(expected));
        foreach ((string name, Safetensors.Tensor tensor) in tiny.Tensors())
        {
            Assert.That(model.ReadTensor(name), Is.EqualTo(tensor.Floats()), name);
        }
    }

    [Test]
    public void Shards_give_the_same_model_as_one_file()
    {
        using LanguageModel whole = Load(new TinyModel());
        using LanguageModel sharded = LanguageModel.Load(Engine, new TinyModel { Shards = 3 }.Write(Folder["shards"]));
        AssertSameTensors(sharded, whole);
    }

    [Test]
    public void A_tied_head_is_the_embedding_and_an_untied_one_its_own()
    {
        using LanguageModel tied = Load(new TinyModel());
        var untied = new TinyModel { Tied = false };
        Dictionary<string, Safetensors.Tensor> tensors = untied.Tensors();
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
        string folder = untied.Write(Folder["untied"]);
        Safetensors.Write(Path.Combine(folder, "model.safetensors"), tensors);
        using LanguageModel equal = LanguageModel.Load(Engine, folder);
        PackedBatch batch = PackedBatch.Pack(Sequences);
        float[] expected = tied.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        Assert.That(equal.Score(batch, ScoreOutputs.LogProbs).LogProbs, Is.EqualTo(expected));
        equal.WriteTensor("lm_head.weight", new float[29 * 12]);
        Assert.That(
            equal.Score(batch, ScoreOutputs.LogProbs).LogProbs[1], Is.EqualTo(-Math.Log(29)).Within(1e-6), "a head of zeros is uniform");
    }

    [Test]
    public void A_redundant_head_and_rotary_buffers_are_passed_over()
    {
        var tiny = new TinyModel();
        string folder = tiny.Write(Folder["model"]);
        Dictionary<string, Safetensors.Tensor> tensors = tiny.Tensors();
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = Safetensors.Tensor.Of([9, 9], 2);
        Safetensors.Write(Path.Combine(folder, "model.safetensors"), tensors);
        using LanguageModel model = LanguageModel.Load(Engine, folder);
        Assert.That(model.Tensors.Select(tensor => tensor.Name), Is.EqualTo(tiny.Tensors().Keys));
    }

    [Test]
    public void Stories260K_gives_its_golden_log_probs_from_folder_and_bin()
    {
        using LanguageModel folder = LanguageModel.Load(Engine, SharedData.Path("stories260K", "hf"));
        using LanguageModel bin = LanguageModel.Load(Engine, SharedData.Path("stories260K", "stories260K.bin"));
        AssertSameTensors(bin, folder);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(SharedData.Path("stories260K", "hf", "golden.json")));
        double worst = 0;
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            int[] ids = entry.GetProperty("ids").Deserialize<int[]>()!;
            double[] expected = entry.GetProperty("logprobs").Deserialize<double[]>()!;
            PackedBatch batch = PackedBatch.Pack([ids]);
            float[] actual = folder.Score(batch, ScoreOutputs.LogProbs).LogProbs;
            Assert.That(bin.Score(batch, ScoreOutputs.LogProbs).LogProbs, Is.EqualTo(actual));
            worst = Math.Max(worst, expected.Select((value, i) => Math.Abs(actual[i + 1] - value)).Max());
        }

        TestContext.Out.WriteLine($"stories260K log-probs: worst deviation {worst:E1}, tolerance 1E-4");
        Assert.That(worst, Is.LessThan(1e-4));
    }
}
