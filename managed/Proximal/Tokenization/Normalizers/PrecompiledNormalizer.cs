using System.Globalization;
using System.Text;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>A compiled map of characters as Hugging Face's tokenizers apply it.</summary>
/// <remarks>
/// Not as SentencePiece does: a short grapheme is looked up as a whole first, then character by character, and the first
/// (shortest) match replaces all that was looked up. The map itself has no such ambiguity for most text.
/// </remarks>
internal sealed class PrecompiledNormalizer(CharacterMap map) : INormalizer
{
    private const int LongestGrapheme = 5; // UTF-8 bytes

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        TextEdit edit = new(text);
        for (int start = 0; start < text.Text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.Text, start);
            if (Encoding.UTF8.GetByteCount(text.Text.AsSpan(start, length)) > LongestGrapheme || !TryReplace(edit, text, start, length))
            {
                ReplaceCharacters(edit, text, start, start + length);
            }

            start += length;
        }

        return edit.ToText();
    }

    private void ReplaceCharacters(TextEdit edit, AlignedText text, int start, int end)
    {
        while (start < end)
        {
            int units = char.IsHighSurrogate(text.Text[start]) ? 2 : 1;
            if (!TryReplace(edit, text, start, units))
            {
                edit.Keep(start, start + units);
            }

            start += units;
        }
    }

    private bool TryReplace(TextEdit edit, AlignedText text, int start, int length)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.Text.Substring(start, length));
        if (map.Find(bytes, longest: false, out string replacement) == 0)
        {
            return false;
        }

        // The n-th new character stands for the n-th old one, all beyond for the last.
        int index = start;
        foreach (Rune rune in replacement.EnumerateRunes())
        {
            edit.Write(rune, index);
            int next = index + (char.IsHighSurrogate(text.Text[index]) ? 2 : 1);
            index = next < start + length ? next : index;
        }

        return true;
    }
}
