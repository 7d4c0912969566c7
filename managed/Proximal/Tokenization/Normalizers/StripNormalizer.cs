using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Removes white space at the ends of a stretch.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        ReadOnlySpan<char> span = text.Text;
        int start = left ? span.Length - span.TrimStart().Length : 0;
        int end = right ? Math.Max(start, span.TrimEnd().Length) : span.Length;
        if (start == 0 && end == span.Length)
        {
            return text;
        }

        TextEdit edit = new(text);
        edit.Keep(start, end);
        return edit.ToText();
    }
}
