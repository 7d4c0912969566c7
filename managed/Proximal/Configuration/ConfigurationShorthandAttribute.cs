namespace Proximal.Configuration;

/// <summary>Lets a single value stand for a record: <c>model: PATH</c> is <c>model: {path: PATH}</c>.</summary>
/// <param name="member">The property that the single value is for.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ConfigurationShorthandAttribute(string member) : Attribute
{
    /// <summary>The property that the single value is for.</summary>
    public string Member { get; } = member;
}
