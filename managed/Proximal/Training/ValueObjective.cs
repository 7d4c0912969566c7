using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>The critic's clipped regression on returns.</summary>
public sealed record ValueObjective : Objective
{
    /// <summary>[N] values at the rollout.</summary>
    public required ReadOnlyMemory<float> OldValues { get; init; }

    /// <summary>[N] returns.</summary>
    public required ReadOnlyMemory<float> Returns { get; init; }

    /// <summary>How far the value may move from the old one, in units of the values; above 0, infinity: off.</summary>
    public double Clip { get; init; } = 0.5;

    private protected override ModelHead? RequiredHead => ModelHead.Scalar;

    internal override ObjectiveArrays Arrays() => new() { OldValues = OldValues.Span, Returns = Returns.Span };

    private protected override void Fill(ref px_objective native, PackedBatch batch)
    {
        Require.Length(OldValues, batch.Count);
        Require.Length(Returns, batch.Count);
        Require.PositiveOrInfinity(Clip);
        native.kind = (int)px_objective_kind.PX_OBJECTIVE_VALUE;
        native.value_clip = Clip;
    }
}
