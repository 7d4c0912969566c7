using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Whitening over all valid tokens of a batch.</summary>
internal static class WhitenCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        var rows = new RaggedRows(one.Mask);
        float[] advantages = rows.Pack(one.Input("advantages"));
        Moments moments = Whitening.Moments(engine, advantages, rows.Mask);
        float[] whitened = new float[rows.Count];
        Whitening.Apply(
            engine, advantages, rows.Mask, moments, whitened,
            keepMean: !one.Flag("shift_mean", absent: true), biased: !one.Flag("unbiased"));
        RlOutcome outcome = AddWhitened(new RlOutcome(), one, "whitened", rows, whitened);
        outcome.Add("mean", moments.Mean);
        outcome.Add("var_unbiased", moments.Variance);
        return outcome.Add("var_biased", moments.BiasedVariance);
    }

    /// <summary>The default of numerics.md.</summary>
    public static float[] Whiten(Engine engine, float[] values, byte[] mask)
    {
        float[] whitened = new float[values.Length];
        Whitening.Apply(engine, values, mask, Whitening.Moments(engine, values, mask), whitened);
        return whitened;
    }

    /// <summary>An output of whitening; with one token numerics.md says 0, to which the mean may be added back.</summary>
    public static RlOutcome AddWhitened(RlOutcome outcome, RlCase one, string name, RaggedRows rows, float[] whitened)
    {
        outcome.Add(name, rows.Unpack(whitened), one.Mask);
        if (GoldenScope.Current.IsSettled(one, "zero"))
        {
            int token = Array.IndexOf(one.Mask.Data, 1);
            outcome.Settle(name, token, KeepsMean(one) ? one.Input("advantages").Data[token] : 0);
        }

        return outcome;
    }

    private static bool KeepsMean(RlCase one) => one.Has("shift_mean") && !one.Flag("shift_mean");
}
