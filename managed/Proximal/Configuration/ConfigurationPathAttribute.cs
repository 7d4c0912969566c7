namespace Proximal.Configuration;

/// <summary>
/// Marks a text as a path: relative ones start at the folder of the YAML file, or, in an override of the command line, at
/// the current folder. Bound values are absolute.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class ConfigurationPathAttribute : Attribute;
