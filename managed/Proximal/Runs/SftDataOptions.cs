using Proximal.Data;

namespace Proximal.Runs;

/// <summary>Examples of supervised fine-tuning, and how they become sequences of tokens.</summary>
/// <remarks>See <see cref="SftFile"/>.</remarks>
public sealed record SftDataOptions : DataOptions
{
    /// <summary>The names of the fields.</summary>
    public SftFields Fields { get; init; } = new();

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Fields);
        Fields.Validate();
    }
}
