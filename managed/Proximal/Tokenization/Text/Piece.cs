namespace Proximal.Tokenization.Text;

/// <summary>A part of a text that goes to the model by itself.</summary>
/// <param name="Source">The text.</param>
/// <param name="Start">The first UTF-16 unit.</param>
/// <param name="Length">The number of units.</param>
internal readonly record struct Piece(AlignedText Source, int Start, int Length)
{
    /// <summary>The whole of a text.</summary>
    public Piece(AlignedText source)
        : this(source, 0, source.Text.Length)
    {
    }

    /// <summary>The characters.</summary>
    public ReadOnlySpan<char> Span => Source.Text.AsSpan(Start, Length);

    /// <summary>Where it begins in the original.</summary>
    public int OriginalStart => Source.StartOf(Start, Length);

    /// <summary>A part of the part.</summary>
    public Piece Slice(int start, int length) => new(Source, Start + start, length);

    /// <summary>The part as a text of its own.</summary>
    public AlignedText ToText() => Source.Slice(Start, Length);
}
