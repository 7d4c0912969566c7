using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>GPT-2's: an optional space in front, its split pattern, and every byte as a character of the byte alphabet.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly SplitPreTokenizer Gpt2 = new(FamilyPatterns.Gpt2, SplitBehavior.Isolated);
    private static readonly ByteLevelNormalizer Bytes = new();

    /// <inheritdoc/>
    public void Split(Piece piece, List<Piece> words)
    {
        int first = words.Count;
        SplitRaw(piece, words);
        for (int i = first; i < words.Count; i++)
        {
            words[i] = new Piece(Bytes.Normalize(words[i].ToText()));
        }
    }

    /// <summary>The same without the mapping to the byte alphabet, for a model that does it itself.</summary>
    public void SplitRaw(Piece piece, List<Piece> words)
    {
        if (addPrefixSpace && piece.Length > 0 && piece.Span[0] != ' ')
        {
            piece = new Piece(PrependNormalizer.Prepend(piece.ToText(), " "));
        }

        if (useRegex)
        {
            Gpt2.Split(piece, words);
        }
        else if (piece.Length > 0)
        {
            words.Add(piece);
        }
    }
}
