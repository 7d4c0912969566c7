namespace Proximal.Tokenization.Patterns;

/// <summary>Matches a text, which is not empty.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    /// <inheritdoc/>
    public override void Find(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        int position = 0;
        int found;
        while ((found = text[position..].IndexOf(literal, StringComparison.Ordinal)) >= 0)
        {
            Add(parts, ref position, position + found, position + found + literal.Length);
        }

        AddRest(parts, position, text.Length);
    }
}
