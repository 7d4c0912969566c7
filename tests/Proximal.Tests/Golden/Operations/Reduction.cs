using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>A case's aggregation as the weights and the normalizer of an optimizer step.</summary>
internal static class Reduction
{
    /// <summary>[N] weights, and what divides the weighted sum.</summary>
    public static (float[] Weights, double Normalizer) Of(RlCase one, RaggedRows rows)
    {
        string mode = one.Text("aggregation", "token-mean");
        float[] weights = new float[rows.Count];
        LossReduction reduction = mode switch
        {
            "token-mean" or "token-sum" => LossReduction.TokenMean,
            "seq-mean-token-mean" => LossReduction.SequenceMeanOfTokenMean,
            "seq-mean-token-sum" => LossReduction.SequenceMeanOfTokenSum,
            "seq-mean-token-sum-norm" => LossReduction.FixedLength((int)one.Number("loss_scale_factor", one.Mask.Columns)),
            _ => throw new InvalidDataException($"Aggregation '{mode}' has neither code nor a rule in golden-scope.json."),
        };
        double normalizer = reduction.Weigh(rows.Offsets, rows.Mask, weights);
        return (weights, mode == "token-sum" ? 1 : normalizer);
    }
}
