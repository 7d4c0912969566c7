using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Tests.Golden;

/// <summary>Checkpoints against what transformers computes from them in fp64.</summary>
public sealed class ModelGoldenTests
{
    private static readonly GoldenReport Report = new("models");
    private static readonly Lazy<IReadOnlyList<ModelCase>> Every =
        new(() => [.. GoldenRoots.Of(GoldenKind.Model).Select(file => new ModelCase(file))]);

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

    [TestCaseSource(nameof(NotYet))]
    public void Golden_models_of_later_issues_are_refused_by_name(object golden)
    {
        var one = (ModelCase)golden;
        ScopeVerdict verdict = GoldenScope.Current.JudgeModel(one.Config);
        ProximalException? refusal = Assert.Throws<ProximalException>(() => LanguageModel.Load(_engine, one.Folder).Dispose());
        Assert.That(refusal!.Status, Is.EqualTo(ProximalStatus.Unsupported), refusal.Message);
        Assert.That(refusal.Message, Does.Contain(verdict.Refusal));
    }

    [Test]
    public void Golden_model_counts_add_up_to_the_folders_found()
    {
        GoldenRoots.Demand(GoldenKind.Model);
        ILookup<ScopeStatus, ModelCase> found =
            Every.Value.ToLookup(one => GoldenScope.Current.JudgeModel(one.Config).Status);
        int run = LanguageModels().Count() + RewardModels().Count();
        int refused = NotYet().Count();
        Assert.That(run + refused, Is.EqualTo(Every.Value.Count));
        TestContext.Progress.WriteLine(
            $"golden scope models: {run} run, {found[ScopeStatus.Later].Count()} later (refused by name), "
            + $"{found[ScopeStatus.OutOfScope].Count()} out of scope, {Every.Value.Count} in all");
    }

    private static IEnumerable<TestCaseData> LanguageModels() => InScope(one => !one.HasScores);

    private static IEnumerable<TestCaseData> RewardModels() => InScope(one => one.HasScores);

    private static IEnumerable<TestCaseData> WithOtherConfigs() => InScope(one => one.Beside("config.v4.json") is not null);

    private static IEnumerable<TestCaseData> NotYet() =>
        Named(Every.Value.Where(one => GoldenScope.Current.JudgeModel(one.Config).Status != ScopeStatus.Run));

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
            Assert.That(deviation, Is.LessThanOrEqualTo(tolerance), $"{quantity}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
