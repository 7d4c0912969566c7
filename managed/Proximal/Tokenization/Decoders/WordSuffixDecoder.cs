namespace Proximal.Tokenization.Decoders;

/// <summary>The mark at the end of words becomes a space, but for the last.</summary>
internal sealed class WordSuffixDecoder(string suffix) : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            tokens[i] = tokens[i].Replace(suffix, i + 1 == tokens.Count ? "" : " ", StringComparison.Ordinal);
        }

        return tokens;
    }
}
