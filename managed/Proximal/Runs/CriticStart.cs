namespace Proximal.Runs;

/// <summary>Whose trunk a critic starts with; its head starts with zeros.</summary>
public enum CriticStart
{
    /// <summary>The first reward model's where a reward is one, else the start model's.</summary>
    Auto = 0,

    /// <summary>The start model's.</summary>
    Model = 1,

    /// <summary>The first reward model's.</summary>
    RewardModel = 2,
}
