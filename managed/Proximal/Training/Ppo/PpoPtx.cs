using Proximal.Data;
using Proximal.Internal;

namespace Proximal.Training.Ppo;

/// <summary>
/// Mixes supervised examples into the actor's updates (PPO-ptx): each of its optimizer steps also minimises
/// coefficient · mean cross-entropy of the next examples.
/// </summary>
/// <remarks>Ouyang et al. 2022 (arXiv 2203.02155): it keeps the policy from forgetting what PPO does not reward.</remarks>
public sealed record PpoPtx
{
    /// <summary>The examples, encoded; at least one. They are taken in random order, again and again.</summary>
    public required IReadOnlyList<SftExample> Examples { get; init; }

    /// <summary>Multiplies their loss; finite, above 0.</summary>
    public double Coefficient { get; init; } = 1;

    /// <summary>Examples of an optimizer step; at least 1.</summary>
    public int Sequences { get; init; } = 16;

    internal void Validate()
    {
        Require.Positive(Coefficient, "Ptx.Coefficient");
        Require.AtLeast(Sequences, 1, "Ptx.Sequences");
        Require.NotNull(Examples, "Ptx.Examples");
        if (Examples.Count == 0)
        {
            throw new ArgumentException("Ptx has no examples: give it at least one, or leave it out.", nameof(Examples));
        }
    }
}
