using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>Splits where a pattern matches, or where it does not.</summary>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    [ThreadStatic]
    private static List<PatternMatch>? t_parts;

    /// <inheritdoc/>
    public void Split(Piece piece, List<Piece> words)
    {
        List<PatternMatch> parts = t_parts ??= [];
        parts.Clear();
        pattern.Find(piece.Span, parts);
        Split(piece, parts, words);
    }

    private void Split(Piece piece, List<PatternMatch> parts, List<Piece> words)
    {
        int start = -1; // of a word that may still grow
        int end = 0;
        bool previous = false;
        foreach (PatternMatch part in parts)
        {
            bool delimiter = part.IsMatch != invert;
            bool joins = start >= 0 && Joins(delimiter, previous);
            if (!joins)
            {
                Emit(piece, start, end, words);
                start = part.Start;
            }

            end = part.End;
            previous = delimiter;
            if (delimiter && behavior == SplitBehavior.Removed)
            {
                start = -1;
            }
        }

        Emit(piece, start, end, words);
    }

    /// <summary>Whether a part belongs to the word before it.</summary>
    private bool Joins(bool delimiter, bool previous) => behavior switch
    {
        SplitBehavior.MergedWithPrevious => delimiter && !previous,
        SplitBehavior.MergedWithNext => previous && !delimiter,
        SplitBehavior.Contiguous => delimiter == previous,
        _ => false,
    };

    private static void Emit(Piece piece, int start, int end, List<Piece> words)
    {
        if (start >= 0 && end > start)
        {
            words.Add(piece.Slice(start, end - start));
        }
    }
}
