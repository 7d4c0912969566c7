using System.Text;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Training;

/// <summary>Merges the most frequent pair again and again. Source: Sennrich et al. 2016 (1508.07909), with the ties of Hugging Face's trainer.</summary>
/// <remarks>
/// Pairs lie in a queue by count; of equal counts the pair of the smaller ids goes first, so the result depends on the counted
/// words alone. Counts only fall while a pair is queued: one that has fallen is queued again when its turn comes. Each merge
/// takes time in proportion to the places where its pair occurs.
/// </remarks>
internal sealed class PairMerger
{
    private readonly ByteLevelVocabulary _vocabulary;
    private readonly PairTable _pairs;
    private readonly PriorityQueue<int, Rank> _queue = new();
    private readonly List<int> _created = [];
    private readonly int[] _symbols; // a symbol stands where its first byte stood
    private readonly int[] _left; // the neighbours in the word; -1: none
    private readonly int[] _right;
    private readonly int[] _words;
    private readonly long[] _counts;

    private readonly record struct Rank(long Count, ulong Key) : IComparable<Rank>
    {
        public int CompareTo(Rank other) => Count != other.Count ? other.Count.CompareTo(Count) : Key.CompareTo(other.Key);
    }

    /// <summary>Lays the words out as bytes and counts their pairs.</summary>
    /// <exception cref="ArgumentException">The different words are more than this can hold.</exception>
    public PairMerger(IReadOnlyCollection<KeyValuePair<string, long>> words, ByteLevelVocabulary vocabulary)
    {
        long bytes = words.Sum(word => (long)Encoding.UTF8.GetByteCount(word.Key));
        if (bytes > Array.MaxLength)
        {
            throw new ArgumentException($"The different words of the text come to {bytes} bytes, expected at most {Array.MaxLength}: train on less text.");
        }

        int places = (int)bytes;
        _vocabulary = vocabulary;
        _pairs = new PairTable(places);
        (_symbols, _left, _right, _words) = (new int[places], new int[places], new int[places], new int[places]);
        _counts = new long[words.Count];
        LayOut(words);
        Enqueue();
    }

    /// <summary>Makes the next merge; false when no pair is frequent enough.</summary>
    public bool TryMerge(long minFrequency)
    {
        while (_queue.TryDequeue(out int slot, out Rank rank))
        {
            long count = _pairs.CountOf(slot);
            if (count == 0)
            {
                _pairs.Free(slot);
            }
            else if (count < rank.Count)
            {
                _queue.Enqueue(slot, rank with { Count = count });
            }
            else
            {
                return count >= minFrequency && Merge(slot);
            }
        }

        return false;
    }

    private void LayOut(IReadOnlyCollection<KeyValuePair<string, long>> words)
    {
        int[] symbolOf = [.. Enumerable.Range(0, TokenizerTrainerOptions.Bytes).Select(value => _vocabulary.IdOf(ByteAlphabet.CharacterOf((byte)value).ToString()))];
        byte[] utf8 = [];
        int place = 0;
        int index = 0;
        foreach ((string word, long count) in words)
        {
            utf8 = utf8.Length < word.Length * 3 ? new byte[word.Length * 3] : utf8;
            int length = Encoding.UTF8.GetBytes(word, utf8);
            _counts[index] = count;
            for (int i = 0; i < length; i++)
            {
                _symbols[place + i] = symbolOf[utf8[i]];
                _words[place + i] = index;
                _left[place + i] = i > 0 ? place + i - 1 : -1;
                _right[place + i] = i + 1 < length ? place + i + 1 : -1;
            }

            for (int i = 0; i + 1 < length; i++)
            {
                _pairs.Add(place + i, PairTable.KeyOf(_symbols[place + i], _symbols[place + i + 1]), count, _created);
            }

            place += length;
            index++;
        }
    }

    private bool Merge(int slot)
    {
        (int left, int right) = _pairs.SymbolsOf(slot);
        int merged = _vocabulary.Merge(left, right);
        // Places of a pair ascend within a word, so overlapping ones ("aaa") merge from the left.
        for (int place; (place = _pairs.FirstPlaceOf(slot)) >= 0;)
        {
            MergeAt(place, merged);
        }

        _pairs.Free(slot);
        Enqueue();
        return true;
    }

    private void MergeAt(int place, int merged)
    {
        int second = _right[place];
        int before = _left[place];
        int after = _right[second];
        long weight = _counts[_words[place]];
        _pairs.Remove(place, weight);
        _pairs.Remove(second, weight);
        _symbols[place] = merged;
        _right[place] = after;
        if (before >= 0)
        {
            _pairs.Remove(before, weight);
            Add(before, place, weight);
        }

        if (after >= 0)
        {
            _left[after] = place;
            Add(place, after, weight);
        }
    }

    /// <summary>Adds the pair of two neighbours, unless its token would be longer than a vocabulary may hold.</summary>
    private void Add(int place, int next, long weight)
    {
        (int left, int right) = (_symbols[place], _symbols[next]);
        if (_vocabulary.Tokens[left].Length + _vocabulary.Tokens[right].Length <= Vocabulary.LongestToken)
        {
            _pairs.Add(place, PairTable.KeyOf(left, right), weight, _created);
        }
    }

    /// <summary>Queues the pairs that are new; one that came and went within a merge is forgotten.</summary>
    private void Enqueue()
    {
        foreach (int slot in _created)
        {
            if (_pairs.CountOf(slot) > 0)
            {
                _queue.Enqueue(slot, new Rank(_pairs.CountOf(slot), _pairs.KeyAt(slot)));
            }
            else
            {
                _pairs.Free(slot);
            }
        }

        _created.Clear();
    }
}
