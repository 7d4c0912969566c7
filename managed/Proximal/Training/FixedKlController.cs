using Proximal.Internal;

namespace Proximal.Training;

/// <summary>The same beta at every step.</summary>
public sealed class FixedKlController : KlController
{
    /// <summary>Makes a controller.</summary>
    /// <param name="coefficient">Beta, at least 0.</param>
    public FixedKlController(double coefficient)
        : base(coefficient)
    {
        Require.NotNegative(coefficient);
    }

    /// <inheritdoc/>
    public override void Update(double meanSequenceKl, long sequences)
    {
        Require.Finite(meanSequenceKl);
        ArgumentOutOfRangeException.ThrowIfNegative(sequences);
    }
}
