using System.Text;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Decoders;

/// <summary>Replaces every match of a pattern in every token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(Replace);

    private string Replace(string token)
    {
        List<PatternMatch> parts = [];
        pattern.Find(token, parts);
        StringBuilder result = new(token.Length);
        foreach (PatternMatch part in parts)
        {
            result.Append(part.IsMatch ? content : token[part.Start..part.End]);
            TextGrowth.Check(result.Length, token.Length);
        }

        return result.ToString();
    }
}
