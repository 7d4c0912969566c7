using Proximal.Configuration;
using Proximal.Internal;
using Proximal.Rewards;
using Proximal.Runs.Checkpoints;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>A PPO run from files to a run folder. The start model becomes actor and reference.</summary>
public sealed record PpoRunOptions : RunOptions
{
    /// <summary>The frozen reference; <see langword="null"/>: a copy of the start model.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Reference { get; init; }

    /// <summary>
    /// The critic's start, a model with a scalar head; <see langword="null"/>: what <see cref="CriticFrom"/> says, with a
    /// head of zeros.
    /// </summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Critic { get; init; }

    /// <summary>Whose trunk the critic starts with where <see cref="Critic"/> names no model.</summary>
    public CriticStart CriticFrom { get; init; } = CriticStart.Auto;

    /// <summary>What the run trains on.</summary>
    public required PromptsOptions Prompts { get; init; }

    /// <summary>The rewards, at least one; the score is their weighted sum.</summary>
    public required IReadOnlyList<RewardOptions> Rewards { get; init; }

    /// <summary>Supervised examples to mix into the actor's updates; <see langword="null"/>: none.</summary>
    public PtxOptions? Ptx { get; init; }

    /// <summary>The arithmetic.</summary>
    public PpoOptions Ppo { get; init; } = new();

    /// <summary>Measurements on other prompts; <see langword="null"/>: none.</summary>
    public ValidationOptions? Validation { get; init; }

    /// <summary>Writes every response of a step to samples.jsonl at steps that are multiples of this; 0: never.</summary>
    [ChangeableOnResume]
    public int SamplesEvery { get; init; } = 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Prompts);
        Prompts.Validate();
        ArgumentNullException.ThrowIfNull(Rewards);
        if (Rewards.Count == 0)
        {
            throw new ArgumentException("Rewards is empty: a run needs at least one reward.", nameof(Rewards));
        }

        Require.Defined(CriticFrom);
        if (CriticFrom == CriticStart.RewardModel && RewardModelPath is null)
        {
            throw new ArgumentException(
                "CriticFrom is reward_model, but no reward is of type model: add one, or set it to auto or model.", nameof(CriticFrom));
        }

        Ptx?.Validate();
        ArgumentNullException.ThrowIfNull(Ppo);
        Ppo.Validate();
        if (Validation is { } validation)
        {
            Require.NotBlank(validation.Prompts, "Validation.Prompts");
            Require.NotBlank(validation.Field, "Validation.Field");
            Require.AtLeast(validation.Samples, 1, "Validation.Samples");
            Require.AtLeast(validation.Every, 1, "Validation.Every");
        }

        Require.AtLeast(SamplesEvery, 0);
    }

    /// <summary>The first reward model's folder; <see langword="null"/>: no reward is one.</summary>
    internal string? RewardModelPath => Rewards.OfType<RewardModelRewardOptions>().FirstOrDefault()?.Path;
}
