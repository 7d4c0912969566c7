namespace Proximal.Evaluation.Judging;

/// <summary>Whose response was preferred.</summary>
public enum Choice
{
    /// <summary>Neither.</summary>
    Tie,

    /// <summary>The baseline's.</summary>
    Baseline,

    /// <summary>The model's.</summary>
    Model,
}
