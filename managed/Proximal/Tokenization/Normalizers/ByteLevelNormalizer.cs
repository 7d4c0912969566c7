using System.Text;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Spells every UTF-8 byte as a character of the byte alphabet; all bytes of a character share its place.</summary>
internal sealed class ByteLevelNormalizer : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        TextEdit edit = new(text);
        Span<byte> bytes = stackalloc byte[4];
        Span<char> mapped = stackalloc char[4];
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            int length = rune.EncodeToUtf8(bytes);
            for (int i = 0; i < length; i++)
            {
                mapped[i] = ByteAlphabet.CharacterOf(bytes[i]);
            }

            edit.Write(mapped[..length], index);
            index += rune.Utf16SequenceLength;
        }

        return edit.ToText();
    }
}
