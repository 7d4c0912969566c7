namespace Proximal.Configuration;

/// <summary>A key whose value is another one than before.</summary>
/// <param name="Key">The key, as in <c>rewards[0].weight</c>.</param>
/// <param name="Before">What it was.</param>
/// <param name="Now">What it is.</param>
/// <param name="MayChange">It is marked as changeable when a run is resumed.</param>
internal sealed record ConfigurationChange(string Key, string Before, string Now, bool MayChange);
