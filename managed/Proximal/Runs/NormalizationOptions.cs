using Proximal.Data;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The answers on which the mean and the standard deviation of a reward model's scores are measured.</summary>
/// <remarks>With prompts: answers that the start model (after SFT, as a rule) samples to them. Without: those of the training pairs.</remarks>
public sealed record NormalizationOptions
{
    /// <summary>The prompts to sample answers to; <see langword="null"/>: the answers of the training pairs are taken.</summary>
    public PromptsOptions? Prompts { get; init; }

    /// <summary>The model that samples; <see langword="null"/>: the run's start model.</summary>
    public ModelSource? Model { get; init; }

    /// <summary>Answers to each prompt; at least 1.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The most tokens of an answer; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>Logits are divided by it; above 0.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Tokens that end an answer; <see langword="null"/>: the tokenizer's end.</summary>
    public IReadOnlyList<int>? StopTokenIds { get; init; }

    internal void Validate()
    {
        Prompts?.Validate();

        Model?.Validate();
        Require.AtLeast(Samples, 1, "Normalization.Samples");
        Require.AtLeast(MaxNewTokens, 1, "Normalization.MaxNewTokens");
        Require.Positive(Temperature, "Normalization.Temperature");
    }
}
