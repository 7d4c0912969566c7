using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>Examples to mix into PPO's actor updates.</summary>
/// <remarks>See <see cref="PpoPtx"/>.</remarks>
public sealed record PtxOptions : DataOptions
{
    /// <summary>The names of the fields.</summary>
    public SftFields Fields { get; init; } = new();

    /// <summary>What is learned of rows with messages: what the assistant says, its last message alone, or every token.</summary>
    public ChatLoss LossOn { get; init; } = ChatLoss.Assistant;

    /// <summary>Multiplies the examples' loss; finite, above 0.</summary>
    public double Coefficient { get; init; } = 1;

    /// <summary>Examples of an optimizer step; at least 1.</summary>
    public int Sequences { get; init; } = 16;

    /// <inheritdoc/>
    internal override ChatLoss Loss => LossOn;

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Fields);
        Fields.Validate();
        Require.Defined(LossOn);
        Require.Positive(Coefficient);
        Require.AtLeast(Sequences, 1);
    }
}
