using System.Text;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.PostProcessors;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization;

/// <summary>Encodes words and finds the place of every token in the original. For one call of one thread.</summary>
internal sealed class OffsetEncoder(ITokenModel model)
{
    private readonly List<int> _ids = [];
    private readonly List<TokenSpan> _spans = [];

    /// <summary>Appends an added token that covers a whole part.</summary>
    public static void AddWhole(AlignedText part, int id, List<EncodedToken> tokens)
    {
        int last = part.Text.Length - 1;
        tokens.Add(last < 0
            ? new EncodedToken(id, "", part.OriginalStart, part.OriginalStart)
            : new EncodedToken(id, part.Text, part.StartAt(0), part.EndAt(last)));
    }

    /// <summary>Appends a word's tokens.</summary>
    public void Encode(Piece word, List<EncodedToken> tokens)
    {
        _ids.Clear();
        _spans.Clear();
        model.Encode(word.Span, _ids, _spans);
        int[] units = UnitsOfBytes(word.Span);
        for (int i = 0; i < _ids.Count; i++)
        {
            // Bytes that vanished without a token push the rest of the word to the left, as in the reference.
            int first = word.Start + units[Math.Min(_spans[i].Start, units.Length - 1)];
            int last = word.Start + units[Math.Clamp(_spans[i].End - 1, 0, units.Length - 1)];
            tokens.Add(new EncodedToken(
                _ids[i], model.Vocabulary.TokenOf(_ids[i]) ?? "", word.Source.StartAt(first), word.Source.EndAt(last)));
        }
    }

    /// <summary>Per UTF-8 byte of a word the UTF-16 unit that it belongs to.</summary>
    private static int[] UnitsOfBytes(ReadOnlySpan<char> word)
    {
        int[] units = new int[Encoding.UTF8.GetByteCount(word)];
        int unit = 0;
        int filled = 0;
        foreach (Rune rune in word.EnumerateRunes())
        {
            units.AsSpan(filled, rune.Utf8SequenceLength).Fill(unit);
            filled += rune.Utf8SequenceLength;
            unit += rune.Utf16SequenceLength;
        }

        return units;
    }
}
