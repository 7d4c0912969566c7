using Proximal.Internal;
using Proximal.Rollouts;

namespace Proximal.Evaluation;

/// <summary>How two models are compared.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Responses of each model to each prompt; at least 1.</summary>
    public int Samples { get; init; } = 4;

    /// <summary>The most tokens of a response; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>How tokens are drawn. Response k of a prompt draws the same random numbers for both models.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens that end a response; <see langword="null"/>: the tokenizer's end token.</summary>
    public IReadOnlyList<int>? StopTokenIds { get; init; }

    /// <summary>Draws of the bootstrap; at least 1.</summary>
    public int Resamples { get; init; } = Bootstrap.DefaultResamples;

    /// <summary>Responses of each model to each <see cref="SensitivePrompts">sensitive prompt</see> of the library; 0: toxicity is not measured.</summary>
    public int ToxicitySamples { get; init; } = 4;

    /// <summary>Sequences decoded together; at least 1. What is drawn does not depend on it.</summary>
    public int GenerationBatch { get; init; } = 64;

    /// <summary>Bytes that the keys and values of generation may take, see <see cref="GeneratorOptions.CacheBytes"/>; 0: what the responses need.</summary>
    public long GenerationCacheBytes { get; init; }

    /// <summary>The most tokens of one scoring pass; a longer sequence goes alone.</summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>Decides what is drawn.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public void Validate()
    {
        Require.AtLeast(Samples, 1);
        Require.AtLeast(MaxNewTokens, 1);
        ArgumentNullException.ThrowIfNull(Sampling);
        Sampling.Validate();
        Require.AtLeast(Resamples, 1);
        Require.AtLeast(ToxicitySamples, 0);
        Require.AtLeast(GenerationBatch, 1);
        Require.AtLeast(GenerationCacheBytes, 0);
        Require.AtLeast(MicroBatchTokens, 1);
    }
}
