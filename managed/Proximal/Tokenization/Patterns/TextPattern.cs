namespace Proximal.Tokenization.Patterns;

/// <summary>Divides a text into matches and what stands between them. Immutable.</summary>
internal abstract class TextPattern
{
    /// <summary>Appends the parts of a text, in order and without gaps.</summary>
    public abstract void Find(ReadOnlySpan<char> text, List<PatternMatch> parts);

    /// <summary>Appends a match and what stands before it.</summary>
    protected static void Add(List<PatternMatch> parts, ref int position, int start, int end)
    {
        AddRest(parts, position, start);
        parts.Add(new PatternMatch(start, end, true));
        position = end;
    }

    /// <summary>Appends what no match covers.</summary>
    protected static void AddRest(List<PatternMatch> parts, int position, int end)
    {
        if (position < end)
        {
            parts.Add(new PatternMatch(position, end, false));
        }
    }
}
