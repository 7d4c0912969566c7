using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Several normalizers, one after another.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<INormalizer> steps) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text) => steps.Aggregate(text, (current, step) => step.Normalize(current));
}
