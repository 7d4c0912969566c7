using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Tests.Golden;

/// <summary>Checkpoints against what transformers computes from them in fp64, on the processor and on an emulated device.</summary>
[TestFixture("the processor")]
[TestFixture(KernelForms.EmulatedCuda)]
public sealed class ModelGoldenTests(string where)
{
    private static readonly GoldenReport Report = new("models");
    private static readonly GoldenReport Folders = new("models, share of what is allowed,");

    /// <summary>Buffers that checkpoints hold and that are no weights.</summary>
    private static readonly string[] Buffers = [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"];

    private static readonly Lazy<IReadOnlyList<ModelCase>> Every =
        new(() => [.. GoldenRoots.Of(GoldenKind.Model).Select(file => new ModelCase(file))]);

    private Engine _engine = null!;

    [OneTimeSetUp]
    public void StartEngine() => _engine = where == KernelForms.EmulatedCuda ? KernelForms.Start(where) : new Engine();

    [OneTimeTearDown]
    public void WriteReport()
    {
        _engine.Dispose();
        foreach (string line in Report.Lines().Concat(Folders.Lines()))
        {
            TestContext.Progress.WriteLine(line);
        }
    }

    [TestCaseSource(nameof(LanguageModels))]
    public void Golden_log_probs_and_entropies(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        foreach (string temperature in Temperatures(one))
        {
            double t = double.Parse(temperature, CultureInfo.InvariantCulture);
            foreach (RowScores scores in RowScores.OneByOneAndPacked(model, one, t))
            {
                JsonElement sequence = one.Sequences[scores.Sequence];
                Compare(one, $"logprob_T{temperature}", scores.LogProbs, sequence.GetProperty("logprobs_fp64").GetProperty(temperature));
                Compare(one, $"entropy_T{temperature}", scores.Entropies, sequence.GetProperty("entropy_fp64").GetProperty(temperature));
            }
        }
    }

    [TestCaseSource(nameof(LanguageModels))]
    public void Golden_hidden_states_and_logits(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        SafetensorsFile? tensors = one.Beside("golden.safetensors") is { } path ? new SafetensorsFile(path) : null;
        foreach (RowScores scores in RowScores.OneByOneAndPacked(model, one, temperature: 1))
        {
            int s = scores.Sequence;
            double[][] hidden = scores.Hidden;
            double root = Math.Sqrt(model.Info.HiddenSize);
            Compare(one, "hidden", [.. hidden.Select(row => row.Sum() / root)], Scaled(one.Sequences[s].GetProperty("hidden_sum_fp64"), 1 / root));
            Compare(one, "hidden", [.. hidden.Select(row => Math.Sqrt(row.Sum(x => x * x)))], Scaled(one.Sequences[s].GetProperty("hidden_norm_fp64"), 1));
            double[][] logits = scores.Logits();
            Assert.That(logits.Select(row => Array.IndexOf(row, row.Max())), Is.EqualTo(ModelCase.Ids(one.Sequences[s], "argmax")), $"argmax of sequence {s}");
            CompareTensor(one, "hidden", [.. hidden.SelectMany(row => row)], tensors, $"seq{s}.hidden_last");
            CompareTensor(one, "logits", logits[^1], tensors, $"seq{s}.logits_last_fp64");
            CompareTensor(one, "logits", [.. logits.SelectMany(row => row)], tensors, $"seq{s}.logits_fp64");
        }
    }

    [TestCaseSource(nameof(LanguageModels))]
    public void Golden_greedy_continuations(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        using var generator = new Generator(model);
        JsonElement[] wanted = [.. one.Json.GetProperty("greedy").EnumerateArray()];
        IReadOnlyList<Generation> got = generator.Generate(
        [
            .. wanted.Select((greedy, i) => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = ModelCase.Ids(greedy, "prompt"),
                MaxNewTokens = greedy.GetProperty("continuation").GetArrayLength(),
                Sampling = new SamplingOptions { Temperature = 0 },
            }),
        ]);
        Assert.That(got.Select(generation => generation.Tokens), Is.EqualTo(wanted.Select(greedy => ModelCase.Ids(greedy, "continuation"))));
    }

    [TestCaseSource(nameof(RewardModels))]
    public void Golden_scores(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        Assert.That(model.Info.Head, Is.EqualTo(ModelHead.Scalar));
        foreach (RowScores scores in RowScores.OneByOneAndPacked(model, one, temperature: 1))
        {
            JsonElement sequence = one.Sequences[scores.Sequence];
            Compare(one, "score", [scores.Score], Scaled(sequence.GetProperty("score_fp64"), 1));
            Compare(one, "score", [scores.Score], Scaled(sequence.GetProperty("score_right_padded_batch"), 1));
            Compare(one, "score", scores.Values, sequence.GetProperty("scores_every_position_fp64"));
        }
    }

    [TestCaseSource(nameof(WithOtherConfigs))]
    public void Golden_results_are_the_same_bits_under_the_old_keys(object golden)
    {
        var one = (ModelCase)golden;
        string folder = Directory.CreateTempSubdirectory("proximal-golden-").FullName;
        try
        {
            foreach (string file in Directory.EnumerateFiles(one.Folder, "model*.safetensors*"))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            File.Copy(one.Beside("config.v4.json")!, Path.Combine(folder, "config.json"));
            using LanguageModel now = LanguageModel.Load(_engine, one.Folder);
            using LanguageModel old = LanguageModel.Load(_engine, folder);
            PackedBatch batch = PackedBatch.Pack([.. one.Sequences.Select(sequence => ModelCase.Ids(sequence))]);
            const ScoreOutputs Outputs = ScoreOutputs.LogProbs | ScoreOutputs.Entropies | ScoreOutputs.Hidden;
            ModelScores expected = now.Score(batch, Outputs);
            ModelScores actual = old.Score(batch, Outputs);
            Assert.That(actual.LogProbs, Is.EqualTo(expected.LogProbs));
            Assert.That(actual.Entropies, Is.EqualTo(expected.Entropies));
            Assert.That(actual.Hidden, Is.EqualTo(expected.Hidden));
            Assert.That(old.Info, Is.EqualTo(now.Info));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCaseSource(nameof(Adapters))]
    public void Golden_adapters_are_merged_as_PEFT_does(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel merged = LanguageModel.Load(_engine, one.Folder);
        using LanguageModel without = LanguageModel.Load(_engine, one.Base!);
        JsonElement[] expected = [.. one.Json.GetProperty("adapter_results").EnumerateArray()];
        foreach (RowScores scores in RowScores.OneByOneAndPacked(merged, one, temperature: 1))
        {
            Compare(one, "logprob_merged", scores.LogProbs, expected[scores.Sequence].GetProperty("logprobs_merged_T1.0"));
        }

        foreach (RowScores scores in RowScores.OneByOneAndPacked(without, one, temperature: 1))
        {
            Compare(one, "logprob_T1.0", scores.LogProbs, expected[scores.Sequence].GetProperty("logprobs_adapter_off_T1.0"));
        }

        if (one.Beside("merged.safetensors") is { } path)
        {
            var tensors = new SafetensorsFile(path);
            Assert.That(tensors.Names, Is.SubsetOf(merged.Tensors.Select(tensor => tensor.Name)));
            foreach (string name in tensors.Names)
            {
                Compare(one, "merged_weight", [.. merged.ReadTensor(name).Select(x => (double)x)], tensors.Read(name));
            }
        }
    }

    [TestCaseSource(nameof(All))]
    public void Golden_tensors_are_saved_and_reloaded_to_the_bit_under_the_names_of_transformers(object golden)
    {
        var one = (ModelCase)golden;
        string folder = Directory.CreateTempSubdirectory("proximal-golden-").FullName;
        try
        {
            using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
            model.Save(folder);
            var saved = new SafetensorsFile(Path.Combine(folder, "model.safetensors"));
            Dictionary<string, double[]> source = SourceTensors(one.Base ?? one.Folder, model.Info.TiedEmbeddings);
            Assert.That(saved.Names, Is.EquivalentTo(source.Keys));
            using LanguageModel again = LanguageModel.Load(_engine, folder);
            Assert.That(again.Info, Is.EqualTo(model.Info with { StorageType = TensorType.Float32 }));
            Assert.That(again.Tensors.Select(tensor => tensor.Name), Is.EqualTo(model.Tensors.Select(tensor => tensor.Name)));
            foreach (TensorInfo tensor in model.Tensors)
            {
                int[] bits = Bits(model.ReadTensor(tensor.Index));
                Assert.That(Bits(again.ReadTensor(tensor.Index)), Is.EqualTo(bits), tensor.Name);
                if (one.Base is null)
                {
                    Assert.That(Bits([.. source[tensor.Name].Select(x => (float)x)]), Is.EqualTo(bits), tensor.Name);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Golden_model_counts_add_up_to_the_folders_found()
    {
        GoldenRoots.Demand(GoldenKind.Model);
        ILookup<ScopeStatus, ModelCase> found =
            Every.Value.ToLookup(one => GoldenScope.Current.JudgeModel(one.Config).Status);
        int run = LanguageModels().Count() + RewardModels().Count();
        ModelCase[] refused = [.. Every.Value.Where(one => GoldenScope.Current.JudgeModel(one.Config).Status != ScopeStatus.Run)];
        Assert.That(run + refused.Length, Is.EqualTo(Every.Value.Count));
        foreach (ModelCase one in refused)
        {
            ProximalException? refusal = Assert.Throws<ProximalException>(() => LanguageModel.Load(_engine, one.Folder).Dispose());
            Assert.That(refusal!.Status, Is.EqualTo(ProximalStatus.Unsupported), refusal.Message);
            Assert.That(refusal.Message, Does.Contain(GoldenScope.Current.JudgeModel(one.Config).Refusal));
        }

        TestContext.Progress.WriteLine(
            $"golden scope models: {run} run, {found[ScopeStatus.Later].Count()} later (refused by name), "
            + $"{found[ScopeStatus.OutOfScope].Count()} out of scope, {Every.Value.Count} in all");
    }

    private static IEnumerable<TestCaseData> LanguageModels() => InScope(one => !one.HasScores);

    private static IEnumerable<TestCaseData> RewardModels() => InScope(one => one.HasScores);

    private static IEnumerable<TestCaseData> WithOtherConfigs() => InScope(one => one.Beside("config.v4.json") is not null);

    private static IEnumerable<TestCaseData> Adapters() => InScope(one => one.Base is not null);

    private static IEnumerable<TestCaseData> All() => InScope(_ => true);

    /// <summary>The weights that a folder's files hold, under the names that transformers 5 gives them.</summary>
    private static Dictionary<string, double[]> SourceTensors(string folder, bool tied)
    {
        Dictionary<string, double[]> tensors = [];
        foreach (string path in Directory.EnumerateFiles(folder, "model*.safetensors"))
        {
            var file = new SafetensorsFile(path);
            bool old = file.Names.Contains("wte.weight");
            foreach (string name in file.Names.Where(name => !Buffers.Any(name.EndsWith) && !(tied && name == "lm_head.weight")))
            {
                tensors.Add(old ? $"transformer.{name}" : name, file.Read(name));
            }
        }

        return tensors;
    }

    private static int[] Bits(float[] values) => Array.ConvertAll(values, BitConverter.SingleToInt32Bits);

    private static IEnumerable<TestCaseData> InScope(Func<ModelCase, bool> which) => Named(
        Every.Value.Where(one => GoldenScope.Current.JudgeModel(one.Config).Status == ScopeStatus.Run && which(one)));

    private static IEnumerable<TestCaseData> Named(IEnumerable<ModelCase> cases) =>
        cases.Select(one => new TestCaseData(one).SetArgDisplayNames(one.File.Name));

    private static IEnumerable<string> Temperatures(ModelCase one) =>
        one.Sequences[0].GetProperty("logprobs_fp64").EnumerateObject().Select(temperature => temperature.Name);

    private static JsonElement Scaled(JsonElement numbers, double factor) => JsonSerializer.SerializeToElement(
        numbers.ValueKind == JsonValueKind.Array
            ? [.. GoldenTensor.Numbers(numbers).Select(number => number * factor)]
            : new[] { numbers.GetDouble() * factor });

    private static void Compare(ModelCase one, string quantity, double[] actual, JsonElement expected) =>
        Compare(one, quantity, actual, GoldenTensor.Numbers(expected));

    private static void CompareTensor(ModelCase one, string quantity, double[] actual, SafetensorsFile? tensors, string name)
    {
        if (tensors is not null && tensors.Names.Contains(name))
        {
            Compare(one, quantity, actual, tensors.Read(name));
        }
    }

    private static void Compare(ModelCase one, string quantity, double[] actual, double[] expected)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), quantity);
        double tolerance = one.Tolerance(quantity);
        for (int i = 0; i < actual.Length; i++)
        {
            double deviation = Math.Abs(actual[i] - expected[i]);
            Report.Add(quantity, deviation, tolerance, one.File.Name);
            Folders.Add(one.File.Name, deviation / tolerance, 1, quantity);
            Assert.That(deviation, Is.LessThanOrEqualTo(tolerance), $"{quantity}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
