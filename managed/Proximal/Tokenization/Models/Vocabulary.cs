namespace Proximal.Tokenization.Models;

/// <summary>Tokens and their ids.</summary>
internal sealed class Vocabulary
{
    /// <summary>Larger ids are taken for damage: no model has a tenth of that.</summary>
    public const int MaximumId = 9_999_999;

    /// <summary>Longer tokens are taken for damage; bounds the work at each place of a text.</summary>
    public const int LongestToken = 4096;

    private const int ShownLength = 40;

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string?[] _tokens;

    /// <summary>Makes a vocabulary.</summary>
    /// <param name="ids">Ids from 0 to <see cref="MaximumId"/>, each once.</param>
    public Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = new string?[ids.Count == 0 ? 0 : ids.Values.Max() + 1];
        foreach ((string token, int id) in ids)
        {
            _tokens[id] = token;
        }
    }

    /// <summary>The largest id plus one.</summary>
    public int Size => _tokens.Length;

    /// <summary>Every token with its id.</summary>
    public IReadOnlyDictionary<string, int> Tokens => _ids;

    /// <summary>A token as messages show it.</summary>
    public static string Shorten(string token) => token.Length <= ShownLength ? token : $"{token[..ShownLength]}...";

    /// <summary>The id of a token, or -1.</summary>
    public int IdOf(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : -1;

    /// <summary>The token of an id, if it has one.</summary>
    public string? TokenOf(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;
}
