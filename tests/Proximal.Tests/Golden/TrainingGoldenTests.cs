using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Training;

namespace Proximal.Tests.Golden;

/// <summary>Gradients and optimizer steps of the golden checkpoints. S: sum of the response tokens' log-probs; loss: -S.</summary>
public sealed class TrainingGoldenTests
{
    private const double GradientTolerance = 2e-5;
    private const double NormTolerance = 2e-6;
    private const double StepTolerance = 1e-5;
    private const double LogProbTolerance = 3e-5;

    private static readonly GoldenReport Report = new("training");
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

    [TestCaseSource(nameof(Trained))]
    public void Golden_gradients_packed_and_one_by_one(object golden)
    {
        var one = (ModelCase)golden;
        var expected = new SafetensorsFile(one.Beside("gradients.safetensors")!);
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        using var trainer = new Trainer(model);
        foreach (IReadOnlyList<PackedBatch> microBatches in new[] { Packed(one), OneByOne(one) })
        {
            trainer.ZeroGradients();
            double loss = microBatches.Sum(batch => trainer.Accumulate(batch, new CrossEntropyObjective { Normalizer = 1 }).Loss);
            Check(one, "sum_logprob", -loss, Training(one).GetProperty("sum_logprob_fp64").GetDouble(), SumTolerance(one));
            Assert.That(expected.Names, Is.EquivalentTo(model.Tensors.Select(tensor => tensor.Name)));
            foreach (string name in expected.Names)
            {
                double[] wanted = expected.Read(name);
                double largest = wanted.Max(Math.Abs);
                CheckAll(one, "gradient", trainer.ReadGradient(name), [.. wanted.Select(x => -x)], GradientTolerance * largest, largest);
            }

            double norm = Training(one).GetProperty("adamw").GetProperty("gradient_norm_before_clip")[0].GetDouble();
            Check(one, "gradient norm (relative)", Math.Sqrt(trainer.GradientSquaredNorm()) / norm, 1, NormTolerance);
        }
    }

    [TestCaseSource(nameof(Trained))]
    public void Golden_gradients_of_other_objectives(object golden)
    {
        var one = (ModelCase)golden;
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        using var trainer = new Trainer(model);
        PackedBatch batch = Packed(one)[0];
        float[] ones = [.. Enumerable.Repeat(1f, batch.Count)];
        foreach (JsonProperty other in Training(one).GetProperty("other_gradients_fp64").EnumerateObject())
        {
            float[] outputs = new float[batch.Count];
            trainer.ZeroGradients();
            trainer.Accumulate(batch, other.Name == "entropy"
                ? new UpstreamObjective { Normalizer = 1, EntropyGradients = ones, EntropiesOutput = outputs }
                : new UpstreamObjective
                {
                    Normalizer = 1,
                    Temperature = double.Parse(other.Name.TrimStart('T'), System.Globalization.CultureInfo.InvariantCulture),
                    LogProbGradients = ones,
                    LogProbsOutput = outputs,
                });
            double value = outputs.Select((x, i) => (double)x * batch.Weights![i]).Sum();
            Check(one, $"value ({other.Name})", value, other.Value.GetProperty("value").GetDouble(), SumTolerance(one));
            foreach (JsonProperty tensor in other.Value.GetProperty("tensors").EnumerateObject())
            {
                CheckSummary(one, other.Name, trainer.ReadGradient(tensor.Name), tensor.Value);
            }
        }
    }

    [TestCaseSource(nameof(Trained))]
    public void Golden_adamw_steps(object golden)
    {
        var one = (ModelCase)golden;
        JsonElement adamw = Training(one).GetProperty("adamw");
        using LanguageModel model = LanguageModel.Load(_engine, one.Folder);
        using var trainer = new Trainer(model, new AdamWOptions
        {
            Beta1 = adamw.GetProperty("betas")[0].GetDouble(),
            Beta2 = adamw.GetProperty("betas")[1].GetDouble(),
            Epsilon = adamw.GetProperty("eps").GetDouble(),
            WeightDecay = adamw.GetProperty("weight_decay").GetDouble(),
            MaxGradientNorm = adamw.GetProperty("clip").GetDouble(),
        });
        JsonElement losses = adamw.GetProperty("loss_before_each_step_and_after");
        int steps = adamw.GetProperty("steps").GetInt32();
        var objective = new CrossEntropyObjective { Normalizer = 1 };
        for (int k = 0; k < steps; k++)
        {
            double loss = trainer.Accumulate(Packed(one)[0], objective).Loss;
            Check(one, "loss along the steps", loss, losses[k].GetDouble(), LossTolerance(one));
            StepResult step = trainer.Step(adamw.GetProperty("lr").GetDouble());
            double norm = adamw.GetProperty("gradient_norm_before_clip")[k].GetDouble();
            Check(one, "gradient norm along the steps (relative)", step.GradientNorm / norm, 1, NormTolerance);
        }

        Check(one, "loss along the steps", trainer.Accumulate(Packed(one)[0], objective).Loss, losses[steps].GetDouble(), LossTolerance(one));
        var expected = new SafetensorsFile(one.Beside("adamw3.safetensors")!);
        foreach (string name in expected.Names)
        {
            CheckAll(one, "parameters after the steps", model.ReadTensor(name), expected.Read(name), StepTolerance, 1);
        }
    }

    private static IEnumerable<TestCaseData> Trained() =>
        from file in GoldenRoots.Of(GoldenKind.Model)
        let one = new ModelCase(file)
        where GoldenScope.Current.JudgeModel(one.Config, "training").Status == ScopeStatus.Run && one.Beside("training.json") is not null
        select new TestCaseData(one).SetArgDisplayNames(file.Name);

    private static JsonElement Training(ModelCase one) =>
        JsonDocument.Parse(File.ReadAllBytes(one.Beside("training.json")!)).RootElement;

    private static IReadOnlyList<PackedBatch> Packed(ModelCase one)
    {
        PackedBatch batch = PackedBatch.Pack([.. one.Sequences.Select(sequence => ModelCase.Ids(sequence))]);
        return [batch.WithWeights([.. one.Sequences.SelectMany(ResponseWeights)])];
    }

    private static IReadOnlyList<PackedBatch> OneByOne(ModelCase one) =>
    [
        .. one.Sequences.Select(sequence => PackedBatch.Pack([ModelCase.Ids(sequence)]).WithWeights([.. ResponseWeights(sequence)])),
    ];

    private static IEnumerable<float> ResponseWeights(JsonElement sequence)
    {
        int start = sequence.GetProperty("response_start").GetInt32();
        return Enumerable.Range(0, sequence.GetProperty("ids").GetArrayLength()).Select(t => t >= start ? 1f : 0f);
    }

    /// <summary>A sum of log-probs may deviate by what each of them may.</summary>
    private static double SumTolerance(ModelCase one) => LogProbTolerance * one.Sequences.Sum(sequence => ResponseWeights(sequence).Sum());

    /// <summary>After a step each parameter may deviate; the loss follows by its gradient, whose norm is of the loss's size.</summary>
    private static double LossTolerance(ModelCase one) => 2 * SumTolerance(one);

    private static void CheckSummary(ModelCase one, string objective, float[] gradient, JsonElement expected)
    {
        double largest = gradient.Max(x => Math.Abs((double)x));
        double[] first = GoldenTensor.Numbers(expected.GetProperty("first8"));
        CheckAll(one, $"gradient ({objective})", gradient[..first.Length], first, GradientTolerance * largest, largest);
        double norm = expected.GetProperty("norm").GetDouble();
        Check(one, $"gradient norm of a tensor ({objective}, relative)", Math.Sqrt(gradient.Sum(x => (double)x * x)) / norm, 1, GradientTolerance);
        double spread = largest * Math.Sqrt(gradient.Length);
        Check(one, $"gradient sum ({objective}, relative)", gradient.Sum(x => (double)x) / spread, expected.GetProperty("sum").GetDouble() / spread, GradientTolerance);
    }

    private static void CheckAll(ModelCase one, string quantity, float[] actual, double[] expected, double tolerance, double scale)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), quantity);
        for (int i = 0; i < actual.Length; i++)
        {
            double deviation = Math.Abs(actual[i] - expected[i]);
            Report.Add(quantity, deviation / scale, tolerance / scale, one.File.Name);
            Assert.That(deviation, Is.LessThanOrEqualTo(tolerance), $"{quantity}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }

    private static void Check(ModelCase one, string quantity, double actual, double expected, double tolerance)
    {
        double deviation = Math.Abs(actual - expected);
        Report.Add(quantity, deviation, tolerance, one.File.Name);
        Assert.That(deviation, Is.LessThanOrEqualTo(tolerance), $"{quantity}: expected {expected:R}, got {actual:R}");
    }
}
