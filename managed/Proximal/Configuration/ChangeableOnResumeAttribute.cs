namespace Proximal.Configuration;

/// <summary>
/// Marks an option whose value may differ when a run is resumed, with all that stands below it: it does not decide what the
/// rest of the run computes. Every other key has to be as it was.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ChangeableOnResumeAttribute : Attribute
{
    /// <summary>The option may always change.</summary>
    public ChangeableOnResumeAttribute()
    {
    }

    /// <summary>The option may change where the record says so.</summary>
    /// <param name="condition">The name of a property of the same record that is true when it may.</param>
    public ChangeableOnResumeAttribute(string condition) => Condition = condition;

    /// <summary>The property that is true when the option may change; <see langword="null"/>: it always may.</summary>
    public string? Condition { get; }
}
