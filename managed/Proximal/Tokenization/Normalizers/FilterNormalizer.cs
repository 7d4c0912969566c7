using System.Text;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Keeps the code points that a rule keeps.</summary>
internal sealed class FilterNormalizer(Predicate<Rune> keep) : INormalizer
{
    /// <summary>Drops non-spacing marks: accents, once they are decomposed.</summary>
    public static FilterNormalizer WithoutAccents { get; } =
        new(rune => Rune.GetUnicodeCategory(rune) != System.Globalization.UnicodeCategory.NonSpacingMark);

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        TextEdit edit = new(text);
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            int next = index + rune.Utf16SequenceLength;
            if (keep(rune))
            {
                edit.Keep(index, next);
            }

            index = next;
        }

        return edit.ToText();
    }
}
