using System.Globalization;
using System.Text;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>BERT's cleaning: control characters, spaces around ideographs, accents, case. Source: Devlin et al. 2019.</summary>
internal sealed class BertNormalizer(bool cleanText, bool spaceIdeographs, bool stripAccents, bool lowercase) : INormalizer
{
    private static readonly LowercaseNormalizer Lower = new();

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        AlignedText result = cleanText ? Clean(text) : text;
        result = spaceIdeographs ? SpaceIdeographs(result) : result;
        if (stripAccents)
        {
            result = FilterNormalizer.WithoutAccents.Normalize(UnicodeNormalization.Apply(result, UnicodeForm.Nfd));
        }

        return lowercase ? Lower.Normalize(result) : result;
    }

    private static AlignedText Clean(AlignedText text)
    {
        TextEdit edit = new(text);
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            if (rune.Value is '\t' or '\n' or '\r' || (Rune.IsWhiteSpace(rune) && !IsControl(rune)))
            {
                edit.Write(" ", index);
            }
            else if (rune.Value != 0xFFFD && !IsControl(rune))
            {
                edit.Keep(index, index + rune.Utf16SequenceLength);
            }

            index += rune.Utf16SequenceLength;
        }

        return edit.ToText();
    }

    private static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    private static AlignedText SpaceIdeographs(AlignedText text)
    {
        TextEdit edit = new(text);
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            bool ideograph = IsIdeograph(rune.Value);
            edit.Write(ideograph ? " " : "", index);
            edit.Write(rune, index);
            edit.Write(ideograph ? " " : "", index);
            index += rune.Utf16SequenceLength;
        }

        return edit.ToText();
    }

    private static bool IsIdeograph(int codePoint) => codePoint
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
