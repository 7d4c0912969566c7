using Proximal.Data;
using Proximal.Models;

namespace Proximal.Training.RewardModel;

/// <summary>What a <see cref="RewardModelTrainer"/> works with. The model stays the caller's.</summary>
public sealed record RewardModelSetup
{
    /// <summary>The model, with a scalar head; numerics start it as N(0, 1/(hidden size + 1)), <see cref="HeadInitialization.Normal"/>.</summary>
    public required LanguageModel Model { get; init; }

    /// <summary>The pairs, encoded; at least one.</summary>
    public required IReadOnlyList<PreferencePair> Pairs { get; init; }

    /// <summary>Pairs to measure with, encoded; empty: nothing is measured and the last weights are kept.</summary>
    public IReadOnlyList<PreferencePair> Validation { get; init; } = [];

    /// <summary>The arithmetic.</summary>
    public RewardModelOptions Options { get; init; } = new();

    /// <summary>Decides the order of the pairs.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Measures the time metrics.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
