using Proximal.Tokenization.PreTokenizers;

namespace Proximal.Tokenization.Decoders;

/// <summary>The visible character becomes a space again; in the first token it vanishes where one was put in front.</summary>
internal sealed class MetaspaceDecoder(string replacement, PrependScheme scheme) : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string space = i == 0 && scheme != PrependScheme.Never ? "" : " ";
            tokens[i] = tokens[i].Replace(replacement, space, StringComparison.Ordinal);
        }

        return tokens;
    }
}
