using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Replaces every match of a pattern; the replacement takes the place of the match's last character.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        List<PatternMatch> parts = [];
        pattern.Find(text.Text, parts);
        if (!parts.Exists(part => part.IsMatch))
        {
            return text;
        }

        TextEdit edit = new(text);
        foreach (PatternMatch part in parts)
        {
            if (part.IsMatch)
            {
                edit.Write(content, part.End - 1);
            }
            else
            {
                edit.Keep(part.Start, part.End);
            }
        }

        return edit.ToText();
    }
}
