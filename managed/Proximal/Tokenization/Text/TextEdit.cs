using System.Text;

namespace Proximal.Tokenization.Text;

/// <summary>Writes the successor of a text; each written character takes over the place of one of the old ones.</summary>
internal sealed class TextEdit
{
    private readonly AlignedText _source;
    private readonly StringBuilder _text;
    private readonly List<int>? _starts;
    private readonly List<int>? _ends;

    public TextEdit(AlignedText source)
    {
        _source = source;
        _text = new StringBuilder(source.Text.Length + 8);
        _starts = source.IsAligned ? new List<int>(source.Text.Length + 8) : null;
        _ends = source.IsAligned ? new List<int>(source.Text.Length + 8) : null;
    }

    /// <summary>Writes characters that stand for the old unit at an index; -1: for nothing, at the stretch's start.</summary>
    public void Write(ReadOnlySpan<char> characters, int index)
    {
        TextGrowth.Check((long)_text.Length + characters.Length, _source.Text.Length);
        _text.Append(characters);
        if (_starts is null)
        {
            return;
        }

        for (int i = 0; i < characters.Length; i++)
        {
            _starts.Add(index < 0 ? _source.OriginalStart : _source.StartAt(index));
            _ends!.Add(index < 0 ? _source.OriginalStart : _source.EndAt(index));
        }
    }

    /// <summary>Writes a code point that stands for the old unit at an index.</summary>
    public void Write(Rune rune, int index)
    {
        Span<char> units = stackalloc char[2];
        Write(units[..rune.EncodeToUtf16(units)], index);
    }

    /// <summary>Keeps old characters as they are.</summary>
    public void Keep(int start, int end)
    {
        _text.Append(_source.Text, start, end - start);
        for (int i = start; i < end && _starts is not null; i++)
        {
            _starts.Add(_source.StartAt(i));
            _ends!.Add(_source.EndAt(i));
        }
    }

    /// <summary>The new text.</summary>
    public AlignedText ToText() => _source.With(_text.ToString(), _starts?.ToArray(), _ends?.ToArray());
}
