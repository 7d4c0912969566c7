using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>Examples of supervised fine-tuning, and how they become sequences of tokens.</summary>
/// <remarks>See <see cref="SftFile"/>.</remarks>
public sealed record SftDataOptions : DataOptions
{
    /// <summary>The names of the fields.</summary>
    public SftFields Fields { get; init; } = new();

    /// <summary>What is learned of rows with messages: what the assistant says, its last message alone, or every token.</summary>
    public ChatLoss LossOn { get; init; } = ChatLoss.Assistant;

    /// <inheritdoc/>
    internal override ChatLoss Loss => LossOn;

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Fields);
        Fields.Validate();
        Require.Defined(LossOn);
    }
}
