using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Puts a prefix before every stretch of text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text) => Prepend(text, prefix);

    /// <summary>Puts a prefix before a text; it shares the place of the first character.</summary>
    public static AlignedText Prepend(AlignedText text, string prefix)
    {
        if (text.Text.Length == 0 || prefix.Length == 0)
        {
            return text;
        }

        TextEdit edit = new(text);
        edit.Write(prefix, 0);
        edit.Keep(0, text.Text.Length);
        return edit.ToText();
    }
}
