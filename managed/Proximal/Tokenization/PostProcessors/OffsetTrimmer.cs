using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.PostProcessors;

/// <summary>Takes the spaces of byte-level tokens out of their offsets.</summary>
/// <param name="addPrefixSpace">Whether a single space before the first token was put there and has no place to take away.</param>
internal sealed class OffsetTrimmer(bool addPrefixSpace) : IPostProcessor
{
    private static readonly char Space = ByteAlphabet.CharacterOf((byte)' ');

    /// <inheritdoc/>
    public List<T> Frame<T>(List<T> tokens, Func<int, T> special) => tokens;

    /// <inheritdoc/>
    public void Trim(List<EncodedToken> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            tokens[i] = Trim(tokens[i], isFirst: i == 0 || tokens[i].Start == 0);
        }
    }

    private EncodedToken Trim(EncodedToken token, bool isFirst)
    {
        int leading = token.Text.TakeWhile(IsSpace).Count();
        int trailing = token.Text.Reverse().TakeWhile(IsSpace).Count();
        if (leading == 1 && isFirst && addPrefixSpace)
        {
            leading = 0;
        }

        int start = Math.Min(token.Start + leading, token.End);
        int end = trailing > 0 && token.End >= trailing ? Math.Max(token.End - trailing, start) : token.End;
        return token with { Start = start, End = end };
    }

    private static bool IsSpace(char c) => c == Space || char.IsWhiteSpace(c);
}
