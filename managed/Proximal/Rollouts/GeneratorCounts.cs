namespace Proximal.Rollouts;

/// <summary>What a <see cref="Generator"/> has done since it was made.</summary>
/// <param name="Steps">Passes through the model.</param>
/// <param name="DrawnTokens">Tokens drawn.</param>
/// <param name="ComputedTokens">Tokens that went through the model, prompts among them.</param>
/// <param name="SharedTokens">Tokens that did not have to, since another response's text begins in the same way.</param>
/// <param name="Pauses">How often a response paused, or had to wait before it began, for want of cache.</param>
/// <param name="CacheBytes">Bytes of keys and values, now.</param>
public readonly record struct GeneratorCounts(
    long Steps, long DrawnTokens, long ComputedTokens, long SharedTokens, long Pauses, long CacheBytes);
