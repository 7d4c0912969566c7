using System.Text;

namespace Proximal.Tokenization.Models;

/// <summary>One token a word.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, int unknownId) : ITokenModel
{
    /// <inheritdoc/>
    public Vocabulary Vocabulary => vocabulary;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans)
    {
        int id = vocabulary.IdOf(word);
        ids.Add(id >= 0 ? id : unknownId);
        spans?.Add(new TokenSpan(0, Encoding.UTF8.GetByteCount(word)));
    }
}
