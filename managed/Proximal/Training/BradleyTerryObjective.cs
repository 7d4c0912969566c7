using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>The reward model's pairwise loss: sequence 2i is the chosen answer, 2i + 1 the rejected one.</summary>
public sealed record BradleyTerryObjective : Objective
{
    /// <summary>[S / 2] margin by which the chosen answer should win; empty: 0.</summary>
    public ReadOnlyMemory<float> Margins { get; init; }

    /// <summary>Weight of the squared sum of both scores, which keeps them around 0; 0: none.</summary>
    public double CenterCoefficient { get; init; }

    private protected override ModelHead? RequiredHead => ModelHead.Scalar;

    internal override ObjectiveArrays Arrays() => new() { Margins = Margins.Span };

    private protected override void Fill(ref px_objective native, PackedBatch batch)
    {
        if (batch.Sequences % 2 != 0)
        {
            throw new ArgumentException(
                $"Expected pairs of sequences, chosen then rejected; the batch has {batch.Sequences}.", nameof(batch));
        }

        Require.OptionalLength(Margins, batch.Sequences / 2);
        Require.NotNegative(CenterCoefficient);
        native.kind = (int)px_objective_kind.PX_OBJECTIVE_BRADLEY_TERRY;
        native.center_coefficient = CenterCoefficient;
    }
}
