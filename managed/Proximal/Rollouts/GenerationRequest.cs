namespace Proximal.Rollouts;

/// <summary>One response to generate.</summary>
public sealed record GenerationRequest
{
    /// <summary>Picks the random numbers together with the generator's seed; distinct among unfinished requests.</summary>
    public required ulong SampleId { get; init; }

    /// <summary>Token ids of the prompt: at least one, fewer than the model's context.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>The most tokens of the response; at least 1.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens that end the response, and are its last.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];
}
