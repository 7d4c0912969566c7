using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>Supervised fine-tuning: loss = -log-prob - coefficient · entropy.</summary>
public sealed record CrossEntropyObjective : Objective
{
    /// <summary>Rewards entropy; 0: none.</summary>
    public double EntropyCoefficient { get; init; }

    private protected override ModelHead? RequiredHead => ModelHead.LanguageModel;

    internal override ObjectiveArrays Arrays() => default;

    private protected override void Fill(ref px_objective native, PackedBatch batch)
    {
        Require.Finite(EntropyCoefficient);
        native.kind = (int)px_objective_kind.PX_OBJECTIVE_CROSS_ENTROPY;
        native.entropy_coefficient = EntropyCoefficient;
    }
}
