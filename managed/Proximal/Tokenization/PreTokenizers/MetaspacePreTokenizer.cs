using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>SentencePiece's spaces: each becomes a visible character, and words begin with it.</summary>
internal sealed class MetaspacePreTokenizer : IPreTokenizer
{
    private readonly string _replacement;
    private readonly PrependScheme _scheme;
    private readonly ReplaceNormalizer _replace;
    private readonly SplitPreTokenizer? _split;

    public MetaspacePreTokenizer(string replacement, PrependScheme scheme, bool split)
    {
        _replacement = replacement;
        _scheme = scheme;
        _replace = new ReplaceNormalizer(new LiteralPattern(" "), replacement);
        _split = split ? new SplitPreTokenizer(new LiteralPattern(replacement), SplitBehavior.MergedWithNext) : null;
    }

    /// <inheritdoc/>
    public void Split(Piece piece, List<Piece> words)
    {
        if (piece.Length == 0)
        {
            return;
        }

        AlignedText text = _replace.Normalize(piece.ToText());
        bool wanted = _scheme == PrependScheme.Always || (_scheme == PrependScheme.First && text.OriginalStart == 0);
        if (wanted && !text.Text.StartsWith(_replacement, StringComparison.Ordinal))
        {
            text = PrependNormalizer.Prepend(text, _replacement);
        }

        if (_split is null)
        {
            words.Add(new Piece(text));
        }
        else
        {
            _split.Split(new Piece(text), words);
        }
    }
}
