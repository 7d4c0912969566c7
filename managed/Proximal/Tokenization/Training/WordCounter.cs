using System.Runtime.InteropServices;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Training;

/// <summary>Counts the words of texts. One caller at a time.</summary>
internal sealed class WordCounter(Tokenizer splitter)
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<Piece> _words = [];

    /// <summary>The words and how often each occurred.</summary>
    public IReadOnlyCollection<KeyValuePair<string, long>> Counts => _counts;

    /// <summary>Counts the words of a text.</summary>
    public void Add(string text)
    {
        _words.Clear();
        splitter.AppendWords(text, _words);
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> counts = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (Piece word in _words)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, word.Span, out _)++;
        }
    }

    /// <summary>Adds what another one counted.</summary>
    public void Add(WordCounter other)
    {
        foreach ((string word, long count) in other._counts)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, word, out _) += count;
        }
    }
}
