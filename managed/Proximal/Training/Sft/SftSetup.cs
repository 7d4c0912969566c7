using Proximal.Data;
using Proximal.Models;
using Proximal.Runs;

namespace Proximal.Training.Sft;

/// <summary>What an <see cref="SftTrainer"/> works with. The model stays the caller's.</summary>
public sealed record SftSetup
{
    /// <summary>The model, with a language-model head.</summary>
    public required LanguageModel Model { get; init; }

    /// <summary>The examples, encoded; at least one.</summary>
    public required IReadOnlyList<SftExample> Examples { get; init; }

    /// <summary>Examples to measure with, encoded; empty: nothing is measured and the last weights are kept.</summary>
    public IReadOnlyList<SftExample> Validation { get; init; } = [];

    /// <summary>The arithmetic.</summary>
    public SftOptions Options { get; init; } = new();

    /// <summary>Decides the order of the examples.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Measures the time metrics.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What telemetry calls the training.</summary>
    internal string Stage { get; init; } = RunKind.Sft;
}
