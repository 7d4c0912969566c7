using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.AddedTokens;

/// <summary>The added tokens of a tokenizer and how they are found. Immutable.</summary>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly Dictionary<string, AddedToken> _byContent = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _decoded = [];
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);
    private readonly AddedTokenMatcher? _plain;
    private readonly AddedTokenMatcher? _normalized;

    /// <summary>Makes a vocabulary; ids and contents are distinct.</summary>
    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, INormalizer? normalizer)
    {
        List<(string, AddedToken)> plain = [];
        List<(string, AddedToken)> normalized = [];
        foreach (AddedToken token in tokens)
        {
            string text = FormOf(token, normalizer);
            Register(token, text);
            if (text.Length > 0)
            {
                (token.Normalized ? normalized : plain).Add((text, token));
            }
        }

        _plain = plain.Count > 0 ? new AddedTokenMatcher(plain) : null;
        _normalized = normalized.Count > 0 ? new AddedTokenMatcher(normalized) : null;
    }

    /// <summary>The largest id plus one; 0 without tokens.</summary>
    public int Size => _byId.Count == 0 ? 0 : _byId.Keys.Max() + 1;

    /// <summary>The tokens.</summary>
    public IReadOnlyCollection<AddedToken> Tokens => _byId.Values;

    /// <summary>The token of a content.</summary>
    public AddedToken? Find(string content) => _byContent.GetValueOrDefault(content);

    /// <summary>The token of an id.</summary>
    public AddedToken? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>What the decoder sees of an id: the normalised form where that is what was looked for.</summary>
    public string? DecodedForm(int id) => _decoded.GetValueOrDefault(id);

    /// <summary>Whether a token's text, as the decoder sees it, is left out with the special ones.</summary>
    public bool IsSpecial(string token) => _special.Contains(token);

    /// <summary>Divides an original text: added tokens, and normalised stretches between them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="normalizer">What changes the stretches.</param>
    /// <param name="visit">Takes each part in order; the token is null for a stretch.</param>
    public void Divide(AlignedText text, INormalizer? normalizer, Action<AlignedText, AddedToken?> visit)
    {
        foreach ((AlignedText part, AddedToken? token) in Divide(text, _plain))
        {
            if (token is not null)
            {
                visit(part, token);
                continue;
            }

            AlignedText changed = normalizer?.Normalize(part) ?? part;
            foreach ((AlignedText inner, AddedToken? found) in Divide(changed, _normalized))
            {
                visit(inner, found);
            }
        }
    }

    private static IEnumerable<(AlignedText Text, AddedToken? Token)> Divide(AlignedText text, AddedTokenMatcher? matcher)
    {
        if (matcher is null)
        {
            return [(text, null)];
        }

        List<AddedTokenMatch> parts = [];
        matcher.Find(text.Text, parts);
        return parts.Select(part => (text.Slice(part.Start, part.End - part.Start), part.Token));
    }

    private static string FormOf(AddedToken token, INormalizer? normalizer) => token.Normalized && normalizer is not null
        ? token.NormalizedForm ?? normalizer.Normalize(AlignedText.Original(token.Content, aligned: false)).Text
        : token.Content;

    private void Register(AddedToken token, string text)
    {
        _byId.Add(token.Id, token);
        _byContent.Add(token.Content, token);
        _decoded.Add(token.Id, text);
        if (token.IsSpecial)
        {
            _special.Add(token.Content);
        }
    }
}
