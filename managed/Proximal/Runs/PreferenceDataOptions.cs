using Proximal.Data;

namespace Proximal.Runs;

/// <summary>Preference pairs, and how they become sequences of tokens.</summary>
/// <remarks>See <see cref="PreferenceFile"/>.</remarks>
public sealed record PreferenceDataOptions : DataOptions
{
    /// <summary>The names of the fields.</summary>
    public PreferenceFields Fields { get; init; } = new();

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Fields);
        Fields.Validate();
    }
}
