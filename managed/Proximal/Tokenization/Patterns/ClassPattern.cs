using System.Text;

namespace Proximal.Tokenization.Patterns;

/// <summary>Matches every single code point that a rule accepts.</summary>
internal sealed class ClassPattern(Predicate<Rune> accepts) : TextPattern
{
    /// <inheritdoc/>
    public override void Find(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        int position = 0;
        int index = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int next = index + rune.Utf16SequenceLength;
            if (accepts(rune))
            {
                Add(parts, ref position, index, next);
            }

            index = next;
        }

        AddRest(parts, position, text.Length);
    }
}
