namespace Proximal.Configuration;

/// <summary>Where a piece of configuration was written.</summary>
/// <param name="Name">The file as the user named it, or the override.</param>
/// <param name="Directory">Relative paths in it start here.</param>
/// <param name="IsOverride">It is an override, which has no lines.</param>
internal sealed record ConfigurationSource(string Name, string Directory, bool IsOverride);
