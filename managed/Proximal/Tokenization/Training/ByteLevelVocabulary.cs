using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Training;

/// <summary>The tokens of a byte-level vocabulary under training: special tokens, the bytes in the order of their characters, then what merges give.</summary>
internal sealed class ByteLevelVocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _tokens = [];
    private readonly List<(int Left, int Right)> _merges = [];

    public ByteLevelVocabulary(IReadOnlyList<string> special)
    {
        foreach (string token in special)
        {
            AddOrFind(token);
        }

        foreach (char character in Enumerable.Range(0, TokenizerTrainerOptions.Bytes).Select(value => ByteAlphabet.CharacterOf((byte)value)).Order())
        {
            AddOrFind(character.ToString());
        }
    }

    /// <summary>The tokens by id.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>The merges in order, by ids.</summary>
    public IReadOnlyList<(int Left, int Right)> Merges => _merges;

    /// <summary>The id of a token that is there.</summary>
    public int IdOf(string token) => _ids[token];

    /// <summary>Adds a merge and the token that it gives; a special token that is spelled the same is that token.</summary>
    /// <returns>The token's id.</returns>
    public int Merge(int left, int right)
    {
        _merges.Add((left, right));
        return AddOrFind(_tokens[left] + _tokens[right]);
    }

    private int AddOrFind(string token)
    {
        if (_ids.TryAdd(token, _tokens.Count))
        {
            _tokens.Add(token);
        }

        return _ids[token];
    }
}
