namespace Proximal.Tests.Golden;

/// <summary>One computed output.</summary>
/// <param name="Values">The numbers, row-major.</param>
/// <param name="Compare">1 where they count; <see langword="null"/>: everywhere.</param>
/// <param name="ComputedInDouble">Not through a float32 kernel.</param>
/// <param name="Scale">Multiplies both sides before they are compared.</param>
internal sealed record RlOutput(double[] Values, double[]? Compare, bool ComputedInDouble, double Scale)
{
    /// <summary>What to expect instead of the reference's value, by place.</summary>
    public Dictionary<int, double> Settled { get; } = [];
}
