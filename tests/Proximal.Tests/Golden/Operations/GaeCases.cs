using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Advantages and returns, raw and whitened.</summary>
internal static class GaeCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        var rows = new RaggedRows(one.Mask);
        float[] advantages = new float[rows.Count];
        float[] returns = new float[rows.Count];

        // A cumulative return is the advantage over a value of 0, of lambda 1.
        float[] values = one.Inputs.ContainsKey("values") ? rows.Pack(one.Input("values")) : new float[rows.Count];
        Gae.Compute(
            engine, rows.Offsets, rows.Pack(one.Input("rewards")), values, rows.Mask,
            one.Number("gamma"), one.Number("lambda", absent: 1), advantages, returns);
        var outcome = new RlOutcome();
        outcome.Add("advantages_raw", rows.Unpack(advantages), one.Mask);
        outcome.Add("returns", rows.Unpack(returns), one.Mask);
        return WhitenCases.AddWhitened(outcome, one, "advantages", rows, WhitenCases.Whiten(engine, advantages, rows.Mask));
    }
}
