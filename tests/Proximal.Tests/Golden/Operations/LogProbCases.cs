using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Log-prob and entropy of given logits, and both gradients.</summary>
internal static class LogProbCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        int rows = one.Input("logits").Rows;
        int vocabulary = one.Input("logits").Columns;
        int[] labels = one.Input("labels").Ints();
        double temperature = one.Number("temperature") + one.Number("temperature_offset", absent: 0);
        bool rounded = one.Function.Contains("bfloat16", StringComparison.Ordinal);
        float[] logits = rounded ? Array.ConvertAll(one.Input("logits").Floats(), Bfloat16.Round) : one.Input("logits").Floats();
        float[] logProbs = new float[rows];
        float[] entropies = new float[rows];
        TokenLogProb.Compute(engine, logits, labels, vocabulary, temperature, logProbs, entropies);
        var outcome = new RlOutcome();
        outcome.Add("log_prob", Widen(logProbs));
        outcome.Add("log_prob_of_bf16_logits", Widen(logProbs));
        outcome.Add("entropy", Widen(entropies));
        AddGradient(outcome, one, engine, "grad_logits_from_log_prob", logits, temperature, "upstream_log_prob");
        AddGradient(outcome, one, engine, "grad_logits_from_entropy", logits, temperature, "upstream_entropy");
        return GoldenScope.Current.IsSettled(one, "finite") ? SettleLimits(outcome, one, temperature) : outcome;
    }

    private static void AddGradient(
        RlOutcome outcome, RlCase one, Engine engine, string name, float[] logits, double temperature, string upstreamName)
    {
        if (!one.Inputs.ContainsKey(upstreamName))
        {
            return;
        }

        float[] upstream = one.Input(upstreamName).Floats();
        bool entropy = upstreamName == "upstream_entropy";
        float[] gradient = new float[logits.Length];
        TokenLogProb.Backward(
            engine, logits, one.Input("labels").Ints(), one.Input("logits").Columns, temperature,
            entropy ? [] : upstream, entropy ? upstream : [], gradient);
        outcome.Add(name, Widen(gradient));
    }

    /// <summary>A logit of -infinity has probability 0 and adds 0 to the entropy and to its gradient, by the limit.</summary>
    private static RlOutcome SettleLimits(RlOutcome outcome, RlCase one, double temperature)
    {
        GoldenTensor logits = one.Input("logits");
        for (int row = 0; row < logits.Rows; row++)
        {
            double[] z = Array.ConvertAll(logits.Row(row), logit => logit / temperature);
            double logSum = z.Max() + Math.Log(z.Sum(x => Math.Exp(x - z.Max())));
            double entropy = -z.Where(x => !double.IsNegativeInfinity(x)).Sum(x => Math.Exp(x - logSum) * (x - logSum));
            outcome.Settle("entropy", row, entropy);
            for (int v = 0; v < z.Length; v++)
            {
                double p = Math.Exp(z[v] - logSum);
                double slope = p == 0 ? 0 : -p * (z[v] - logSum + entropy) / temperature;
                outcome.Settle("grad_logits_from_entropy", (row * z.Length) + v, one.Input("upstream_entropy").Data[row] * slope);
            }
        }

        return outcome;
    }

    private static double[] Widen(float[] values) => Array.ConvertAll(values, value => (double)value);
}
