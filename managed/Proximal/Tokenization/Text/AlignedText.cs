namespace Proximal.Tokenization.Text;

/// <summary>A stretch of text on its way to tokens, with the place in the original of every UTF-16 unit.</summary>
/// <remarks>Places are code points of the whole original. Where nobody asks for offsets they are not kept.</remarks>
internal sealed class AlignedText
{
    private readonly int[]? _starts;
    private readonly int[]? _ends;
    private readonly int _first;

    private AlignedText(string text, int[]? starts, int[]? ends, int first, int originalStart)
    {
        Text = text;
        _starts = starts;
        _ends = ends;
        _first = first;
        OriginalStart = originalStart;
    }

    /// <summary>The text as it is now.</summary>
    public string Text { get; }

    /// <summary>Where the stretch began in the original; without alignment only known to be 0 or not.</summary>
    public int OriginalStart { get; }

    /// <summary>Whether places in the original are known.</summary>
    public bool IsAligned => _starts is not null;

    /// <summary>A whole original.</summary>
    public static AlignedText Original(string text, bool aligned)
    {
        if (!aligned)
        {
            return new AlignedText(text, null, null, 0, 0);
        }

        int[] starts = new int[text.Length];
        int[] ends = new int[text.Length];
        int codePoint = -1;
        for (int i = 0; i < text.Length; i++)
        {
            codePoint += char.IsLowSurrogate(text[i]) ? 0 : 1;
            starts[i] = codePoint;
            ends[i] = codePoint + 1;
        }

        return new AlignedText(text, starts, ends, 0, 0);
    }

    /// <summary>The same stretch with other text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="starts">Per UTF-16 unit, or <see langword="null"/>.</param>
    /// <param name="ends">Per UTF-16 unit, or <see langword="null"/>.</param>
    public AlignedText With(string text, int[]? starts, int[]? ends) => new(text, starts, ends, 0, OriginalStart);

    /// <summary>The code point at which the unit's original begins.</summary>
    public int StartAt(int index) => _starts![_first + index];

    /// <summary>The code point after the unit's original.</summary>
    public int EndAt(int index) => _ends![_first + index];

    /// <summary>A part as a stretch of its own.</summary>
    public AlignedText Slice(int start, int length)
    {
        if (start == 0 && length == Text.Length)
        {
            return new AlignedText(Text, _starts, _ends, _first, StartOf(0, length));
        }

        return new AlignedText(Text.Substring(start, length), _starts, _ends, _first + start, StartOf(start, length));
    }

    /// <summary>Where a part begins in the original, as <see cref="OriginalStart"/>.</summary>
    public int StartOf(int start, int length) =>
        IsAligned && length > 0 ? StartAt(start) : start == 0 ? OriginalStart : OriginalStart + 1;
}
