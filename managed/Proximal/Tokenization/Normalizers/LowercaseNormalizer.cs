using System.Text;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Lower case, code point by code point.</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    // The one code point whose unconditional lower case is two (SpecialCasing.txt).
    private const int CapitalIWithDot = 0x130;

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        TextEdit edit = new(text);
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            if (rune.Value == CapitalIWithDot)
            {
                edit.Write("i\u0307", index);
            }
            else
            {
                edit.Write(Rune.ToLowerInvariant(rune), index);
            }

            index += rune.Utf16SequenceLength;
        }

        return edit.ToText();
    }
}
