using System.Text;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>Drops white space and isolates punctuation.</summary>
internal sealed class BertPreTokenizer : IPreTokenizer
{
    private static readonly PreTokenizerSequence Steps = new(
    [
        new SplitPreTokenizer(new ClassPattern(Rune.IsWhiteSpace), SplitBehavior.Removed),
        new SplitPreTokenizer(
            new ClassPattern(rune => (CharacterClasses.Of(rune) & CharacterClass.Punctuation) != 0), SplitBehavior.Isolated),
    ]);

    /// <inheritdoc/>
    public void Split(Piece piece, List<Piece> words) => Steps.Split(piece, words);
}
