using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Tokenization;

namespace Proximal.Training.Ppo;

/// <summary>What a <see cref="PpoTrainer"/> works with. Models that are given stay the caller's.</summary>
public sealed record PpoSetup
{
    /// <summary>The policy in training, with a language-model head.</summary>
    public required LanguageModel Actor { get; init; }

    /// <summary>The frozen reference, with a language-model head; <see langword="null"/>: a copy of the actor.</summary>
    public LanguageModel? Reference { get; init; }

    /// <summary>The critic, with a scalar head; <see langword="null"/>: a copy of the actor's trunk with a head of zeros.</summary>
    public LanguageModel? Critic { get; init; }

    /// <summary>Scores the responses.</summary>
    public required IReward Reward { get; init; }

    /// <summary>The prompts, encoded; at least one.</summary>
    public required IReadOnlyList<Prompt> Prompts { get; init; }

    /// <summary>Turns responses into text for the reward; <see langword="null"/>: the reward sees tokens only.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Supervised examples to mix into the actor's updates; <see langword="null"/>: none.</summary>
    public PpoPtx? Ptx { get; init; }

    /// <summary>The arithmetic.</summary>
    public PpoOptions Options { get; init; } = new();

    /// <summary>Decides prompts, sampling and minibatches.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Measures the time metrics.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
