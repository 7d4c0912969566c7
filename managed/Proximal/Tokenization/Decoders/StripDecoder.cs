namespace Proximal.Tokenization.Decoders;

/// <summary>Removes up to so many of one character at the ends of every token.</summary>
internal sealed class StripDecoder(string content, int start, int stop) : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(Strip);

    private string Strip(string token)
    {
        int from = 0;
        for (int i = 0; i < start && string.CompareOrdinal(token, from, content, 0, content.Length) == 0 && from < token.Length; i++)
        {
            from += content.Length;
        }

        int to = token.Length;
        for (int i = 0; i < stop && to > from && token.AsSpan(from, to - from).EndsWith(content, StringComparison.Ordinal); i++)
        {
            to -= content.Length;
        }

        return token[from..to];
    }
}
