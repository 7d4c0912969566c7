namespace Proximal.Tests.Golden;

/// <summary>
/// Where the clipped and the unclipped value loss are exactly equal although the clip acts: the systems' gradients differ
/// there, numerics.md takes the unclipped one.
/// </summary>
internal static class ValueTies
{
    /// <summary>For each position of a value_loss case.</summary>
    public static bool[] Of(RlCase one)
    {
        double clip = one.Number("clip", double.PositiveInfinity);
        return
        [
            .. Enumerable.Range(0, one.Mask.Count).Select(i => one.Mask.Data[i] == 1 && IsTie(
                one.Input("vpreds").Data[i], one.Input("values").Data[i], one.Input("returns").Data[i], clip)),
        ];
    }

    private static bool IsTie(double value, double old, double target, double clip)
    {
        double moved = value - old;
        if (Math.Abs(moved) < clip)
        {
            return false;
        }

        double clipped = old + Math.Clamp(moved, -clip, clip);
        return Math.Abs(value - target).Equals(Math.Abs(clipped - target));
    }
}
