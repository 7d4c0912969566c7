namespace Proximal.Data.Checking;

/// <summary>Numbers for words, in the order in which they first occur.</summary>
internal sealed class WordIndex
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    /// <summary>How many different words there are.</summary>
    public int Count => _words.Count;

    /// <summary>The word of a number.</summary>
    public string this[int id] => _words[id];

    /// <summary>The words of a text as numbers.</summary>
    public int[] Of(string text)
    {
        var ids = new List<int>();
        Words.Each(text, word =>
        {
            if (!_ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int id))
            {
                id = _words.Count;
                _words.Add(word.ToString());
                _ids.Add(_words[id], id);
            }

            ids.Add(id);
        });
        return [.. ids];
    }

    /// <summary>Whether a word has a number.</summary>
    public bool Has(string word) => _ids.ContainsKey(word);
}
