using System.Buffers.Binary;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Tests.Golden;

/// <summary>
/// Real checkpoints among the data that come with expected values: Hugging Face folders whose golden.json lists prompts, and
/// the llama2.c file beside them.
/// </summary>
public sealed class StoriesGoldenTests
{
    /// <summary>The values are printed with six digits after the point.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>A llama2.c file starts with seven int32: sizes and the vocabulary, negative when the head is not tied.</summary>
    private const int BinHeaderNumbers = 7;

    private static readonly GoldenReport Report = new("data");
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
    public void Golden_data_is_there()
    {
        if (!Directory.Exists(GoldenRoots.Data))
        {
            Assert.That(Environment.GetEnvironmentVariable(GoldenRoots.DataVariable), Is.Null.Or.Empty, "names no folder");
            Assert.Ignore($"missing: {GoldenRoots.Data} (checkpoints that may not be shipped are not run)");
        }

        Assert.That(Folders(), Is.Not.Empty, $"no folder with golden.json and config.json under {GoldenRoots.Data}");
    }

    [TestCaseSource(nameof(Folders))]
    public void Golden_log_probs_and_logits(string folder)
    {
        using LanguageModel model = LanguageModel.Load(_engine, Path.Combine(GoldenRoots.Data, folder));
        foreach (JsonElement prompt in Prompts(folder))
        {
            int[] ids = ModelCase.Ids(prompt);
            ModelScores scores = model.Score(PackedBatch.Pack([ids]), ScoreOutputs.LogProbs | ScoreOutputs.Hidden);
            Compare(folder, "logprob", scores.LogProbs[1..], GoldenTensor.Numbers(prompt.GetProperty("logprobs")));
            double[] logits = HeadProduct.Of(model, scores.Hidden.AsSpan((ids.Length - 1) * model.Info.HiddenSize));
            double[] first = GoldenTensor.Numbers(prompt.GetProperty("last_logits_first16"));
            Compare(folder, "logits", [.. logits.Take(first.Length).Select(logit => (float)logit)], first);
            Assert.That(Array.IndexOf(logits, logits.Max()), Is.EqualTo(prompt.GetProperty("last_argmax").GetInt32()));
        }
    }

    [TestCaseSource(nameof(Folders))]
    public void Golden_greedy_continuations(string folder)
    {
        using LanguageModel model = LanguageModel.Load(_engine, Path.Combine(GoldenRoots.Data, folder));
        using var generator = new Generator(model);
        JsonElement[] prompts = Prompts(folder);
        IReadOnlyList<Generation> got = generator.Generate(
        [
            .. prompts.Select((prompt, i) => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = ModelCase.Ids(prompt),
                MaxNewTokens = prompt.GetProperty("greedy_ids").GetArrayLength(),
                Sampling = new SamplingOptions { Temperature = 0 },
            }),
        ]);
        Assert.That(
            got.Select(generation => generation.Tokens),
            Is.EqualTo(prompts.Select(prompt => ModelCase.Ids(prompt, "greedy_ids"))));
    }

    [TestCaseSource(nameof(BinFiles))]
    public void Golden_bin_file_equals_the_folder(string bin, string folder)
    {
        using LanguageModel fromFolder = LanguageModel.Load(_engine, Path.Combine(GoldenRoots.Data, folder));
        using LanguageModel fromBin = LanguageModel.Load(_engine, Path.Combine(GoldenRoots.Data, bin));
        foreach (TensorInfo tensor in fromFolder.Tensors)
        {
            Assert.That(fromBin.ReadTensor(tensor.Name), Is.EqualTo(fromFolder.ReadTensor(tensor.Name)), tensor.Name);
        }

        PackedBatch batch = PackedBatch.Pack([.. Prompts(folder).Select(prompt => ModelCase.Ids(prompt))]);
        const ScoreOutputs Outputs = ScoreOutputs.LogProbs | ScoreOutputs.Entropies;
        ModelScores expected = fromFolder.Score(batch, Outputs);
        ModelScores actual = fromBin.Score(batch, Outputs);
        Assert.That(actual.LogProbs, Is.EqualTo(expected.LogProbs));
        Assert.That(actual.Entropies, Is.EqualTo(expected.Entropies));
    }

    /// <summary>Folders below the data whose golden.json is a list of prompts.</summary>
    private static IEnumerable<string> Folders() =>
        from file in Directory.Exists(GoldenRoots.Data)
            ? Directory.GetFiles(GoldenRoots.Data, GoldenRoots.FolderFile, SearchOption.AllDirectories)
            : []
        let folder = Path.GetDirectoryName(file)!
        where File.Exists(Path.Combine(folder, "config.json")) && File.ReadAllText(file).TrimStart().StartsWith('[')
        select Path.GetRelativePath(GoldenRoots.Data, folder);

    /// <summary>llama2.c files above such a folder that have its sizes.</summary>
    private static IEnumerable<TestCaseData> BinFiles() =>
        from folder in Folders()
        from bin in Directory.EnumerateFiles(Path.GetDirectoryName(Path.Combine(GoldenRoots.Data, folder))!, "*.bin")
        where HasSizesOf(folder, bin)
        select new TestCaseData(Path.GetRelativePath(GoldenRoots.Data, bin), folder);

    private static bool HasSizesOf(string folder, string bin)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenRoots.Data, folder, "config.json")));
        string[] keys = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"];
        byte[] header = new byte[BinHeaderNumbers * sizeof(int)];
        using FileStream stream = File.OpenRead(bin);
        return stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length
            && keys.Select((key, i) => document.RootElement.GetProperty(key).GetInt32()
                == BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(i * sizeof(int)))).All(same => same);
    }

    private static JsonElement[] Prompts(string folder) =>
    [
        .. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenRoots.Data, folder, GoldenRoots.FolderFile)))
            .RootElement.EnumerateArray(),
    ];

    private static void Compare(string folder, string quantity, float[] actual, double[] expected)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), quantity);
        for (int i = 0; i < actual.Length; i++)
        {
            double deviation = Math.Abs(actual[i] - expected[i]);
            Report.Add(quantity, deviation, Tolerance, folder);
            Assert.That(deviation, Is.LessThanOrEqualTo(Tolerance), $"{quantity}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
