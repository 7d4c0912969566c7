using System.Text;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>SentencePiece's own normaliser: the map of characters (longest match), spaces, and the dummy space.</summary>
/// <remarks>The dummy space stands at the start of the text alone, not after added tokens in it.</remarks>
internal sealed class SentencePieceNormalizer : INormalizer
{
    private const char Space = ' ';

    private readonly CharacterMap? _map;
    private readonly SentencePieceFile _file;
    private readonly string _space;

    public SentencePieceNormalizer(SentencePieceFile file, CharacterMap? map)
    {
        _file = file;
        _map = map;
        _space = file.EscapeSpaces ? "\u2581" : " ";
    }

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        AlignedText mapped = _map is null ? text : Map(text, _map);
        ReadOnlySpan<char> span = mapped.Text;
        int start = _file.RemoveExtraSpaces ? span.Length - span.TrimStart(Space).Length : 0;
        int end = _file.RemoveExtraSpaces ? Math.Max(start, span.TrimEnd([Space, _space[0]]).Length) : span.Length; // also one that was spelled out
        if (start == end)
        {
            return mapped.With("", mapped.IsAligned ? [] : null, mapped.IsAligned ? [] : null);
        }

        TextEdit edit = new(mapped);
        bool dummy = _file.AddDummyPrefix && mapped.OriginalStart == 0;
        edit.Write(dummy && !_file.SpaceAsSuffix ? _space : "", start);
        for (int i = start; i < end; i++)
        {
            if (span[i] != Space)
            {
                edit.Keep(i, i + 1);
            }
            else if (!_file.RemoveExtraSpaces || span[i - 1] != Space)
            {
                edit.Write(_space, i);
            }
        }

        edit.Write(dummy && _file.SpaceAsSuffix ? _space : "", end - 1);
        return edit.ToText();
    }

    private static AlignedText Map(AlignedText text, CharacterMap map)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.Text);
        TextEdit edit = new(text);
        int position = 0;
        for (int index = 0; index < text.Text.Length;)
        {
            int length = map.Find(bytes.AsSpan(position), longest: true, out string replacement);
            if (length > 0)
            {
                edit.Write(replacement, index);
            }

            int matched = length;
            do
            {
                Rune rune = Rune.GetRuneAt(text.Text, index);
                if (matched == 0)
                {
                    edit.Keep(index, index + rune.Utf16SequenceLength);
                }

                index += rune.Utf16SequenceLength;
                position += rune.Utf8SequenceLength;
                length -= rune.Utf8SequenceLength;
            }
            while (length > 0);
        }

        return edit.ToText();
    }
}
