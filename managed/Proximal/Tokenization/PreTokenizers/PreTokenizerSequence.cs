using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>Several pre-tokenizers: each splits the words of the one before.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    /// <summary>The steps in order.</summary>
    public IReadOnlyList<IPreTokenizer> Steps => steps;

    /// <inheritdoc/>
    public void Split(Piece piece, List<Piece> words)
    {
        List<Piece> current = [piece];
        foreach (IPreTokenizer step in steps)
        {
            List<Piece> next = new(current.Count);
            foreach (Piece part in current)
            {
                step.Split(part, next);
            }

            current = next;
        }

        words.AddRange(current);
    }
}
