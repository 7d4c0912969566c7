using Proximal.Tokenization;

namespace Proximal.Data;

/// <summary>Turns documents into sequences that a model learns as a whole.</summary>
/// <remarks>
/// A document is what the tokenizer puts in front of a text, its tokens and the end token. A longer one than fits goes on in
/// the next sequence, which begins with the last token of the one before: so every token but the first is learned once.
/// </remarks>
internal sealed class DocumentEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly int? _endToken;
    private readonly int[] _tokens;
    private int _count;

    /// <summary>Makes an encoder.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxTokens">The most tokens of a sequence, at least 2.</param>
    /// <param name="endToken">Stands behind every document; <see langword="null"/>: nothing does.</param>
    public DocumentEncoder(Tokenizer tokenizer, int maxTokens, int? endToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 2);
        _tokenizer = tokenizer;
        _endToken = endToken;
        _tokens = new int[maxTokens];
    }

    /// <summary>Encodes the next part; parts of a document come one after the other.</summary>
    /// <returns>The sequences that are full or end with it, each of at least two tokens.</returns>
    public IEnumerable<int[]> Encode(TextPart part)
    {
        if (part.Begins)
        {
            _count = 0;
        }

        int[] tokens = _tokenizer.Encode(part.Text, addSpecialTokens: part.Begins);
        foreach (int token in part.Ends && _endToken is { } end ? tokens.Append(end) : tokens)
        {
            if (_count == _tokens.Length)
            {
                yield return [.. _tokens];
                _tokens[0] = _tokens[^1];
                _count = 1;
            }

            _tokens[_count++] = token;
        }

        if (part.Ends && _count > 1)
        {
            yield return _tokens[.._count];
        }
    }
}
