namespace Proximal.Tokenization.Patterns;

/// <summary>Finds the end of the match that starts at an index; every text is covered by such matches.</summary>
internal delegate int MatchEnd(ReadOnlySpan<char> text, int index);

/// <summary>A pattern of a model family, matched by hand-written code in linear time.</summary>
internal sealed class ScanPattern(MatchEnd matchEnd) : TextPattern
{
    /// <inheritdoc/>
    public override void Find(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        for (int position = 0; position < text.Length;)
        {
            int end = matchEnd(text, position);
            parts.Add(new PatternMatch(position, end, true));
            position = end;
        }
    }
}
