using Proximal.Internal;
using Proximal.Interop;
using Proximal.Kernels;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>PPO's clipped policy loss, with optional dual clip, KL penalty and entropy bonus.</summary>
public sealed record PolicyObjective : Objective
{
    /// <summary>[N] log-probs of the policy that sampled.</summary>
    public required ReadOnlyMemory<float> OldLogProbs { get; init; }

    /// <summary>[N] advantages.</summary>
    public required ReadOnlyMemory<float> Advantages { get; init; }

    /// <summary>[N] log-probs of the reference; needed when <see cref="KlCoefficient"/> is not 0.</summary>
    public ReadOnlyMemory<float> ReferenceLogProbs { get; init; }

    /// <summary>The ratio is clipped at 1 minus this; in (0, 1).</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>The ratio is clipped at 1 plus this; above 0.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Bounds the loss of negative advantages at this times the advantage; above 1, infinity: off.</summary>
    public double DualClip { get; init; } = 3;

    /// <summary>Adds this times the KL estimate to the loss; 0: none.</summary>
    public double KlCoefficient { get; init; }

    /// <summary>The KL estimate of the penalty.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K3;

    /// <summary>Rewards entropy; 0: none.</summary>
    public double EntropyCoefficient { get; init; }

    private protected override ModelHead? RequiredHead => ModelHead.LanguageModel;

    internal override ObjectiveArrays Arrays() => new()
    {
        OldLogProbs = OldLogProbs.Span,
        ReferenceLogProbs = ReferenceLogProbs.Span,
        Advantages = Advantages.Span,
    };

    private protected override void Fill(ref px_objective native, PackedBatch batch)
    {
        Require.Length(OldLogProbs, batch.Count);
        Require.Length(Advantages, batch.Count);
        Require.OpenUnitInterval(ClipLow);
        Require.Positive(ClipHigh);
        Require.Finite(KlCoefficient);
        Require.Defined(KlEstimator);
        Require.Finite(EntropyCoefficient);
        Require.AboveOneOrInfinity(DualClip);
        if (KlCoefficient == 0)
        {
            Require.OptionalLength(ReferenceLogProbs, batch.Count);
        }
        else
        {
            Require.Length(ReferenceLogProbs, batch.Count);
        }

        native.kind = (int)px_objective_kind.PX_OBJECTIVE_POLICY;
        native.clip_low = ClipLow;
        native.clip_high = ClipHigh;
        native.dual_clip = DualClip;
        native.kl_coefficient = KlCoefficient;
        native.kl_estimator = (int)KlEstimator;
        native.entropy_coefficient = EntropyCoefficient;
    }
}
