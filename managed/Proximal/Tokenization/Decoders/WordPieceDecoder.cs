namespace Proximal.Tokenization.Decoders;

/// <summary>Joins word pieces, spaces between words; optionally takes back the spaces that tokenising put around punctuation.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanUp) : ITokenDecoder
{
    private static readonly (string From, string To)[] Cleanings =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (i > 0)
            {
                token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            }

            tokens[i] = cleanUp ? CleanUp(token) : token;
        }

        return tokens;
    }

    private static string CleanUp(string token) => Cleanings.Aggregate(
        token, (current, cleaning) => current.Replace(cleaning.From, cleaning.To, StringComparison.Ordinal));
}
