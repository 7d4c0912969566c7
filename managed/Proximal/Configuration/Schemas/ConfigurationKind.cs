namespace Proximal.Configuration.Schemas;

/// <summary>A kind of record that a key such as <c>type</c> chooses.</summary>
/// <param name="Key">The key that chooses.</param>
/// <param name="Name">What it says then.</param>
/// <param name="Depth">How many keys the record's own keys stand below.</param>
internal sealed record ConfigurationKind(string Key, string Name, int Depth);
