using System.Text.Json;
using Proximal.Kernels;
using Proximal.Rollouts;

namespace Proximal.Tests.Golden.Operations;

/// <summary>The distribution that is left after temperature, top-k, top-p and min-p.</summary>
internal static class SamplingCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        GoldenTensor logits = one.Input("logits");
        float[] all = logits.Floats();
        SamplingOptions options = Options(one);
        var logProbs = new List<double>();
        var kept = new List<double>();
        for (int row = 0; row < logits.Rows; row++)
        {
            float[] distribution = new float[logits.Columns];
            Sampling.Distribution(engine, all.AsSpan(row * logits.Columns, logits.Columns), options, distribution);
            double[] wide = Array.ConvertAll(distribution, value => (double)value);
            logProbs.AddRange(one.Flag("ties") ? InOrderOf(one.Expected["log_prob"].Row(row), wide) : wide);
            kept.Add(wide.Count(value => !double.IsNegativeInfinity(value)));
        }

        var outcome = new RlOutcome();
        outcome.Add("log_prob", logProbs);
        return outcome.Add("kept", kept);
    }

    private static SamplingOptions Options(RlCase one)
    {
        var options = new SamplingOptions();
        foreach (JsonElement step in one.Params.GetProperty("steps").EnumerateArray())
        {
            double value = step[1].GetDouble();
            options = step[0].GetString() switch
            {
                "temperature" => options with { Temperature = value },
                "top_k" => options with { TopK = (int)value },
                "top_p" => options with { TopP = value },
                "min_p" => options with { MinP = value },
                string other => throw new InvalidDataException($"Filter '{other}' has neither a kernel nor a rule in golden-scope.json."),
                null => throw new InvalidDataException("A filter has no name."),
            };
        }

        return options;
    }

    /// <summary>Which of equal tokens survives is open: the same numbers, placed in the order of the expected ones.</summary>
    private static double[] InOrderOf(double[] expected, double[] actual)
    {
        int[] places = [.. Enumerable.Range(0, expected.Length).OrderBy(i => expected[i])];
        double[] sorted = [.. actual.Order()];
        double[] placed = new double[actual.Length];
        for (int rank = 0; rank < places.Length; rank++)
        {
            placed[places[rank]] = sorted[rank];
        }

        return placed;
    }
}
