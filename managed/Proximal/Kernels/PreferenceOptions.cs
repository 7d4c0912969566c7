using Proximal.Internal;

namespace Proximal.Kernels;

/// <summary>The numbers of a preference loss. What a form does not take has to keep its default.</summary>
public sealed record PreferenceOptions
{
    /// <summary>DPO with beta 0.1.</summary>
    public static PreferenceOptions Default { get; } = new();

    /// <summary>The loss.</summary>
    public PreferenceForm Form { get; init; } = PreferenceForm.Sigmoid;

    /// <summary>What the loss of pairs is of.</summary>
    public PreferenceDivergence Divergence { get; init; } = PreferenceDivergence.ReverseKl;

    /// <summary>How much an answer's log-ratio counts; above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>Log-ratios are means over an answer's tokens instead of sums.</summary>
    public bool Mean { get; init; }

    /// <summary>The share of wrong labels, 0 to below 0.5, of <see cref="PreferenceForm.Sigmoid"/>,
    /// <see cref="PreferenceForm.Robust"/> and <see cref="PreferenceForm.Exo"/> (which takes 0.001 for 0).</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>By how much beta times the difference has to lead; SimPO's gamma.</summary>
    public double Margin { get; init; }

    /// <summary>z of <see cref="PreferenceForm.Kto"/>, beta times its KL, and of <see cref="PreferenceForm.Bco"/>, its mean reward.</summary>
    public double ReferencePoint { get; init; }

    /// <summary>Of <see cref="PreferenceDivergence.Alpha"/>; neither 0 (the forward KL) nor 1 (the reverse KL).</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>The temperature of <see cref="PreferenceForm.DiscoPop"/>'s gate; above 0.</summary>
    public double Tau { get; init; } = 0.05;

    /// <summary>Multiplies losses of desirable single answers; above 0.</summary>
    public double DesirableWeight { get; init; } = 1;

    /// <summary>Multiplies losses of the other single answers; above 0.</summary>
    public double UndesirableWeight { get; init; } = 1;

    /// <summary>Whether the loss is one of single answers.</summary>
    public bool IsSingle => Form is PreferenceForm.Kto or PreferenceForm.Bco;

    internal void Validate()
    {
        Require.Defined(Form);
        Require.Defined(Divergence);
        Require.Positive(Beta);
        Require.NotNegative(LabelSmoothing);
        Require.Finite(Margin);
        Require.Finite(ReferencePoint);
        Require.Finite(Alpha);
        if (Alpha is 0 or 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Alpha), Alpha, "Expected neither 0 nor 1: those are PreferenceDivergence.ForwardKl and ReverseKl.");
        }

        Require.Positive(Tau);
        Require.Positive(DesirableWeight);
        Require.Positive(UndesirableWeight);
    }
}
