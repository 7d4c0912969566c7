namespace Proximal.Data.Checking;

/// <summary>How often each word occurs in one text of the rows.</summary>
internal sealed class WordCounts
{
    private const int MostUnknown = 10;

    private readonly List<long> _counts = [];

    public void Add(int[] words)
    {
        foreach (int word in words)
        {
            while (_counts.Count <= word)
            {
                _counts.Add(0);
            }

            _counts[word]++;
        }
    }

    /// <summary>The share of the words that a vocabulary has; <see langword="null"/> without words.</summary>
    public double? Known(WordIndex words, WordIndex vocabulary)
    {
        long all = _counts.Sum();
        return all == 0 ? null : _counts.Select((count, word) => vocabulary.Has(words[word]) ? count : 0).Sum() / (double)all;
    }

    /// <summary>The most frequent words that a vocabulary has not.</summary>
    public IReadOnlyList<string> Unknown(WordIndex words, WordIndex vocabulary) =>
    [
        .. _counts.Select((count, word) => (Count: count, Word: words[word]))
            .Where(entry => entry.Count > 0 && !vocabulary.Has(entry.Word))
            .OrderByDescending(entry => entry.Count)
            .ThenBy(entry => entry.Word, StringComparer.Ordinal)
            .Take(MostUnknown)
            .Select(entry => entry.Word),
    ];
}
