using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace Proximal.Tests.Golden;

/// <summary>
/// GGUF files against transformers on their dequantized weights: tensors of twins, log-probs, greedy ids, tokenizations.
/// Block types and metadata are compared natively (tests/native/test_gguf.cpp).
/// </summary>
public sealed class GgufGoldenTests
{
    private const double LogProbTolerance = 3e-5;

    /// <summary>30 layers deep: golden/gguf's README.</summary>
    private const double DeepTolerance = 3e-4;

    private static readonly GoldenReport Report = new("gguf");
    private Engine _engine = null!;

    [OneTimeSetUp]
    public void StartEngine() => _engine = new Engine();

    [OneTimeTearDown]
    public void WriteReport()
    {
        _engine.Dispose();
        foreach (string line in Report.Lines())
        {
            TestContext.Progress.WriteLine(line);
        }
    }

    [Test]
    public void Golden_gguf_files_are_all_accounted_for()
    {
        GoldenRoots.Demand(GoldenKind.Gguf);
        string[] known = [.. Models().Concat(Deep()).Select(file => file.Name)];
        string[] others = [.. GoldenRoots.Of(GoldenKind.Gguf).Select(file => file.Name).Except(known)];
        TestContext.Progress.WriteLine($"golden scope Gguf: {known.Length} models run here; natively or as lists: {string.Join(", ", others)}");
        Assert.That(Models(), Is.Not.Empty);
        Assert.That(others.Select(Path.GetFileName), Is.SubsetOf(new[] { "types", "metadata", "smollm2-tensors" }));
    }

    [TestCaseSource(nameof(Models))]
    public void Golden_gguf_log_probs(object golden)
    {
        var file = (GoldenFile)golden;
        using LanguageModel model = Load(file);
        foreach (JsonElement sequence in Read(file).GetProperty("sequences").EnumerateArray())
        {
            Compare(file, model, sequence, "logprobs_fp64", 1, LogProbTolerance);
        }
    }

    [TestCaseSource(nameof(Models))]
    public void Golden_gguf_greedy_continuations(object golden)
    {
        var file = (GoldenFile)golden;
        using LanguageModel model = Load(file);
        CompareGreedy(model, [Read(file).GetProperty("greedy")], "prompt");
    }

    [TestCaseSource(nameof(Models))]
    public void Golden_gguf_tokenizations(object golden)
    {
        var file = (GoldenFile)golden;
        Tokenizer tokenizer = Tokenizer.Load(PathOf(file));
        Assert.Multiple(() =>
        {
            foreach (JsonElement one in Read(file).GetProperty("tokenizations").EnumerateArray())
            {
                string text = one.GetProperty("text").GetString()!;
                Assert.That(tokenizer.Encode(text, addSpecialTokens: false), Is.EqualTo(ModelCase.Ids(one)), $"'{text}'");
                Assert.That(tokenizer.Encode(text), Is.EqualTo(ModelCase.Ids(one, "ids_with_special")), $"'{text}' with special tokens");
            }
        });
    }

    /// <summary>Where the types keep every bit of the twin's, all tensors are the same; else those in F32 are.</summary>
    [TestCaseSource(nameof(Twins))]
    public void Golden_gguf_equals_its_twin(object golden)
    {
        var file = (GoldenFile)golden;
        string twin = Read(file).GetProperty("twin").GetString()!;
        string? folder = GoldenRoots.Locate(file, twin);
        Assert.That(folder, Is.Not.Null, $"{file.Name} names its twin {twin}, which is not there");
        using LanguageModel expected = LanguageModel.Load(_engine, folder!);
        using LanguageModel actual = Load(file);
        Assert.That(actual.Tensors.Select(tensor => tensor.Name), Is.EqualTo(expected.Tensors.Select(tensor => tensor.Name)));
        Assert.That(actual.Info with { StorageType = default }, Is.EqualTo(expected.Info with { StorageType = default }));
        bool sameBits = file.Name.EndsWith("-f32", StringComparison.Ordinal) || twin!.EndsWith(".hf", StringComparison.Ordinal);
        foreach (TensorInfo tensor in expected.Tensors)
        {
            float[] want = expected.ReadTensor(tensor.Name);
            float[] got = actual.ReadTensor(tensor.Name);
            Assert.That(got, Has.Length.EqualTo(want.Length));
            for (int i = 0; i < want.Length; i++)
            {
                // BF16, the coarsest of the twins' types, keeps 8 bits.
                double allowed = sameBits ? 0 : Math.Max(Math.Abs(want[i]) / 256, 6e-8);
                Assert.That(Math.Abs((double)got[i] - want[i]), Is.LessThanOrEqualTo(allowed), $"{tensor.Name}[{i}]: {want[i]:R}, got {got[i]:R}");
            }
        }
    }

    [TestCaseSource(nameof(Deep))]
    public void Golden_gguf_of_a_published_model(object golden)
    {
        var file = (GoldenFile)golden;
        using LanguageModel model = LanguageModel.Load(_engine, PathOf(file));
        JsonElement json = Read(file);
        Tokenizer tokenizer = Tokenizer.Load(PathOf(file));
        foreach (JsonElement text in json.GetProperty("texts").EnumerateArray())
        {
            Assert.That(tokenizer.Encode(text.GetProperty("text").GetString()!, addSpecialTokens: false), Is.EqualTo(ModelCase.Ids(text)));
            foreach (JsonProperty temperature in text.GetProperty("logprobs_fp64").EnumerateObject())
            {
                double t = double.Parse(temperature.Name.TrimStart('T'), System.Globalization.CultureInfo.InvariantCulture);
                int[] ids = ModelCase.Ids(text);
                float[] got = model.Score(PackedBatch.Pack([ids]), ScoreOutputs.LogProbs, t).LogProbs[1..];
                Compare(file, $"logprob_{temperature.Name}", got, GoldenTensor.Numbers(temperature.Value), DeepTolerance);
            }
        }

        CompareGreedy(model, [.. json.GetProperty("greedy").EnumerateArray()], "prompt_ids");
    }

    /// <summary>
    /// The list speaks of the tensors as the file stores them. llama.cpp's order of the rows of q and k moves neither the first nor the last
    /// row, so that all of it holds for the tensors as the model has them.
    /// </summary>
    [TestCaseSource(nameof(TensorLists))]
    public void Golden_gguf_tensors_of_a_published_model(object golden)
    {
        var file = (GoldenFile)golden;
        using LanguageModel model = Load(file);
        JsonElement list = Read(TensorList(file)).GetProperty("tensors");
        Assert.That(list.GetArrayLength(), Is.EqualTo(model.Tensors.Count));
        foreach (JsonElement tensor in list.EnumerateArray())
        {
            string name = HuggingFaceName(tensor.GetProperty("name").GetString()!);
            float[] values = model.ReadTensor(name);
            Assert.That(model.Tensor(name).Shape, Is.EqualTo(tensor.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())), name);
            Assert.That(values[..4], Is.EqualTo(GoldenTensor.Numbers(tensor.GetProperty("first4")).Select(x => (float)x)), name);
            Assert.That(values[^4..], Is.EqualTo(GoldenTensor.Numbers(tensor.GetProperty("last4")).Select(x => (float)x)), name);
            double squares = tensor.GetProperty("sum_of_squares").GetDouble();
            Assert.That(values.Sum(x => (double)x), Is.EqualTo(tensor.GetProperty("sum").GetDouble()).Within(1e-9 * squares), name);
            Assert.That(values.Sum(x => (double)x * x), Is.EqualTo(squares).Within(1e-9 * squares), name);
        }
    }

    private static readonly (string Stored, string Name)[] TensorNames =
    [
        ("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("blk", "model.layers"),
        ("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
        ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"),
        ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj"),
    ];

    private static string HuggingFaceName(string stored) =>
        string.Join('.', stored.Split('.').Select(part => TensorNames.Where(pair => pair.Stored == part).Select(pair => pair.Name).FirstOrDefault(part)));

    private static string TensorList(GoldenFile file) => Path.ChangeExtension(file.Path, null) + "-tensors.json";

    private static IEnumerable<GoldenFile> TensorLists() => Deep().Where(file => File.Exists(TensorList(file)));

    private static void CompareGreedy(LanguageModel model, JsonElement[] wanted, string prompt)
    {
        using var generator = new Generator(model);
        IReadOnlyList<Generation> got = generator.Generate(
        [
            .. wanted.Select((greedy, i) => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = ModelCase.Ids(greedy, prompt),
                MaxNewTokens = greedy.GetProperty("continuation").GetArrayLength(),
                Sampling = new SamplingOptions { Temperature = 0 },
            }),
        ]);
        Assert.That(got.Select(generation => generation.Tokens), Is.EqualTo(wanted.Select(greedy => ModelCase.Ids(greedy, "continuation"))));
    }

    private static void Compare(GoldenFile file, LanguageModel model, JsonElement sequence, string key, double temperature, double tolerance)
    {
        ModelScores scores = model.Score(PackedBatch.Pack([ModelCase.Ids(sequence)]), ScoreOutputs.LogProbs, temperature);
        Compare(file, "logprob", scores.LogProbs[1..], GoldenTensor.Numbers(sequence.GetProperty(key)), tolerance);
    }

    private static void Compare(GoldenFile file, string quantity, float[] actual, double[] expected, double tolerance)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), quantity);
        for (int i = 0; i < actual.Length; i++)
        {
            double deviation = Math.Abs(actual[i] - expected[i]);
            Report.Add(quantity, deviation, tolerance, file.Name);
            Assert.That(deviation, Is.LessThanOrEqualTo(tolerance), $"{quantity}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }

    private LanguageModel Load(GoldenFile file) => LanguageModel.Load(_engine, PathOf(file));

    private static IEnumerable<GoldenFile> Models() => GoldenRoots.Of(GoldenKind.Gguf)
        .Where(file => Read(file).TryGetProperty("sequences", out _));

    private static IEnumerable<GoldenFile> Twins() =>
        Models().Where(file => Read(file).TryGetProperty("twin", out JsonElement twin) && twin.ValueKind == JsonValueKind.String);

    private static IEnumerable<GoldenFile> Deep() => GoldenRoots.Of(GoldenKind.Gguf)
        .Where(file => Read(file).TryGetProperty("texts", out _) && Find(file) is not null);

    private static string PathOf(GoldenFile file) => Find(file)!;

    private static string? Find(GoldenFile file)
    {
        string beside = Path.ChangeExtension(file.Path, ".gguf");
        return File.Exists(beside) ? beside
            : Read(file).TryGetProperty("gguf", out JsonElement named) && Directory.Exists(GoldenRoots.Data)
                ? Directory.GetFiles(GoldenRoots.Data, named.GetString()!, SearchOption.AllDirectories).FirstOrDefault()
                : null;
    }

    private static JsonElement Read(GoldenFile file) => Read(file.Path);

    private static JsonElement Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
