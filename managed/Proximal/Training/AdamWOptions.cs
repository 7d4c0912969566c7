using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Training;

/// <summary>AdamW with clipping by global norm.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment, in (0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment, in (0, 1).</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the second moment, above 0.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>Decoupled weight decay; 0: none.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Gradients of a larger norm are scaled down to it; infinity: no clipping.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Throws unless every option is in its range.</summary>
    internal void Validate()
    {
        Require.OpenUnitInterval(Beta1);
        Require.OpenUnitInterval(Beta2);
        Require.Positive(Epsilon);
        Require.NotNegative(WeightDecay);
        Require.PositiveOrInfinity(MaxGradientNorm);
    }

    internal unsafe px_trainer_options ToNative(Recompute recompute = Recompute.None)
    {
        Validate();
        return new px_trainer_options
        {
            struct_size = (uint)sizeof(px_trainer_options),
            beta1 = Beta1,
            beta2 = Beta2,
            epsilon = Epsilon,
            weight_decay = WeightDecay,
            max_gradient_norm = MaxGradientNorm,
            recompute = (int)(recompute switch
            {
                Recompute.AttentionMlp => px_recompute.PX_RECOMPUTE_ATTENTION_MLP,
                Recompute.Block => px_recompute.PX_RECOMPUTE_BLOCK,
                _ => px_recompute.PX_RECOMPUTE_NONE,
            }),
        };
    }
}
