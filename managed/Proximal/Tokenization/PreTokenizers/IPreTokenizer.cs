using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.PreTokenizers;

/// <summary>Divides text into the words that the model sees one by one. Immutable.</summary>
internal interface IPreTokenizer
{
    /// <summary>Appends the words of a piece; none of them is empty.</summary>
    void Split(Piece piece, List<Piece> words);
}
