using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>The clipped value loss with its gradient and metrics.</summary>
internal static class ValueLossCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        var rows = new RaggedRows(one.Mask);
        (float[] weights, double normalizer) = Reduction.Of(one, rows);
        double coefficient = one.Number("vf_coef", absent: 1);
        float[] gradients = new float[rows.Count];
        ValueMetrics metrics = ValueLoss.Compute(
            engine,
            rows.Pack(one.Input("vpreds")),
            rows.Pack(one.Input("values")),
            rows.Pack(one.Input("returns")),
            weights,
            normalizer / coefficient,
            gradients: gradients,
            clip: one.Number("clip", double.PositiveInfinity));
        var outcome = new RlOutcome();
        outcome.Add("loss", metrics.LossSum / normalizer);
        outcome.Add("loss_times_vf_coef", metrics.LossSum / normalizer * coefficient);
        outcome.Add("grad_vpreds", rows.Unpack(gradients), one.Mask);
        outcome.Add("clip_fraction", metrics.ClipFraction);
        outcome.Add("error", metrics.ErrorSquaredSum / metrics.Tokens);
        return SettleTies(outcome, one, rows, weights, coefficient / normalizer);
    }

    private static RlOutcome SettleTies(RlOutcome outcome, RlCase one, RaggedRows rows, float[] weights, double factor)
    {
        bool[] ties = ValueTies.Of(one);
        if (ties.Any(tie => tie) && GoldenScope.Current.IsSettled(one, "unclipped"))
        {
            double[] weight = rows.Unpack(weights);
            foreach (int i in Enumerable.Range(0, ties.Length).Where(i => ties[i]))
            {
                outcome.Settle("grad_vpreds", i, (one.Input("vpreds").Data[i] - one.Input("returns").Data[i]) * weight[i] * factor);
            }
        }

        return outcome;
    }
}
