namespace Proximal.Tests.Golden.Operations;

/// <summary>Per-token losses to a scalar: whole, in micro-batches and over two ranks.</summary>
internal static class AggregationCases
{
    public static RlOutcome Run(RlCase one)
    {
        var rows = new RaggedRows(one.Mask);
        (float[] weights, double normalizer) = Reduction.Of(one, rows);
        double[] weight = rows.Unpack(weights);
        double[] terms = [.. weight.Select((w, i) => w == 0 ? 0 : w * one.Input("advantages").Data[i] / normalizer)];
        var outcome = new RlOutcome();
        outcome.Add("whole", terms.Sum());
        outcome.Add("total", terms.Sum());
        outcome.Add("grad_loss_mat", [.. weight.Select(w => w / normalizer)], one.Mask);
        return one.Has("split") ? outcome.Add("micro_losses", MicroLosses(one, terms)) : outcome;
    }

    /// <summary>Each rank multiplies by the number of ranks, over which gradients are averaged.</summary>
    private static double[] MicroLosses(RlCase one, double[] terms)
    {
        double ranks = one.Number("dp_size", absent: 1);
        int start = 0;
        var losses = new List<double>();
        foreach (int count in GoldenTensor.Numbers(one.Params.GetProperty("split")).Select(rows => (int)rows * one.Mask.Columns))
        {
            losses.Add(terms[start..(start + count)].Sum() * ranks);
            start += count;
        }

        return [.. losses];
    }
}
