using System.Text;

namespace Proximal.Tokenization.Models;

/// <summary>The longest piece first, again and again; a word that cannot be finished is unknown. Source: Devlin et al. 2019.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    /// <summary>Longer words are unknown where the file does not say otherwise.</summary>
    public const int DefaultLongestWord = 100;

    private readonly int _unknownId;
    private readonly int _longestWord;
    private readonly CharacterTrie _firsts = new();
    private readonly CharacterTrie _continuations = new();

    public WordPieceModel(Vocabulary vocabulary, int unknownId, string continuingPrefix, int longestWord)
    {
        Vocabulary = vocabulary;
        _unknownId = unknownId;
        _longestWord = longestWord;
        foreach ((string token, int id) in vocabulary.Tokens)
        {
            _firsts.Add(token, id);
            if (token.StartsWith(continuingPrefix, StringComparison.Ordinal))
            {
                _continuations.Add(token.AsSpan(continuingPrefix.Length), id);
            }
        }
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans)
    {
        int known = ids.Count;
        int knownSpans = spans?.Count ?? 0;
        int codePoints = CodePoints(word);
        int bytes = 0;
        for (int start = 0; start < word.Length;)
        {
            int end = codePoints > _longestWord ? -1 : AppendLongest(start == 0 ? _firsts : _continuations, word, start, ids);
            if (end < 0)
            {
                ids.RemoveRange(known, ids.Count - known);
                spans?.RemoveRange(knownSpans, spans.Count - knownSpans);
                ids.Add(_unknownId);
                spans?.Add(new TokenSpan(0, Encoding.UTF8.GetByteCount(word)));
                return;
            }

            int length = Encoding.UTF8.GetByteCount(word[start..end]);
            spans?.Add(new TokenSpan(bytes, bytes + length));
            bytes += length;
            start = end;
        }
    }

    /// <summary>Appends the longest piece at a place and returns its end, or -1.</summary>
    private static int AppendLongest(CharacterTrie trie, ReadOnlySpan<char> word, int start, List<int> ids)
    {
        int id = -1;
        int end = -1;
        int node = CharacterTrie.Root;
        for (int i = start; i < word.Length && (node = trie.Next(node, word[i])) >= 0; i++)
        {
            if (trie.Value(node) is >= 0 and int value)
            {
                id = value;
                end = i + 1;
            }
        }

        if (end >= 0)
        {
            ids.Add(id);
        }

        return end;
    }

    private static int CodePoints(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (char c in word)
        {
            count += char.IsLowSurrogate(c) ? 0 : 1;
        }

        return count;
    }
}
