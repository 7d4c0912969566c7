using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>NFC, NFD, NFKC or NFKD.</summary>
internal sealed class UnicodeNormalizer(UnicodeForm form) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text) => UnicodeNormalization.Apply(text, form);
}
