namespace Proximal.Tokenization.Models;

/// <summary>
/// One word's symbols while they merge: always the pair of the lowest rank, of equals the leftmost. Short words scan their
/// pairs, long ones keep them in a heap, so that n symbols cost O(n log n).
/// </summary>
internal sealed class MergeWork
{
    private const int ScanLimit = 40;
    private const int NoMerge = int.MaxValue;
    private const int KeptSymbols = 1 << 16;

    [ThreadStatic]
    private static MergeWork? t_instance;

    private readonly PriorityQueue<int, long> _queue = new();
    private int[] _ids = new int[64];
    private int[] _bytes = new int[64];
    private int[] _next = new int[64];
    private int[] _previous = new int[64];
    private int[] _ranks = new int[64];

    /// <summary>The calling thread's own, emptied.</summary>
    public static MergeWork Rent()
    {
        if (t_instance is null || t_instance._ids.Length > KeptSymbols)
        {
            t_instance = new MergeWork(); // one huge word must not hold its memory for ever
        }

        t_instance.Count = 0;
        return t_instance;
    }

    /// <summary>The number of symbols.</summary>
    public int Count { get; private set; }

    /// <summary>The symbols' ids.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Appends a symbol.</summary>
    /// <param name="id">Its token.</param>
    /// <param name="bytes">How many UTF-8 bytes of the word it covers.</param>
    public void Add(int id, int bytes)
    {
        if (Count == _ids.Length)
        {
            Grow();
        }

        _ids[Count] = id;
        _bytes[Count++] = bytes;
    }

    /// <summary>Merges until no pair is left that the table knows.</summary>
    public void Merge(MergeTable merges)
    {
        if (Count <= ScanLimit)
        {
            MergeByScan(merges);
        }
        else
        {
            MergeByHeap(merges);
        }
    }

    /// <summary>Appends where each symbol stands.</summary>
    public void AppendSpans(List<TokenSpan> spans)
    {
        int position = 0;
        for (int i = 0; i < Count; i++)
        {
            spans.Add(new TokenSpan(position, position + _bytes[i]));
            position += _bytes[i];
        }
    }

    private void MergeByScan(MergeTable merges)
    {
        for (int i = 0; i + 1 < Count; i++)
        {
            _ranks[i] = RankOf(merges, i, i + 1);
        }

        while (Count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < Count; i++)
            {
                best = _ranks[i] < _ranks[best] ? i : best;
            }

            if (_ranks[best] == NoMerge)
            {
                return;
            }

            merges.TryGet(_ids[best], _ids[best + 1], out _, out _ids[best]);
            _bytes[best] += _bytes[best + 1];
            Remove(best + 1);
            if (best > 0)
            {
                _ranks[best - 1] = RankOf(merges, best - 1, best);
            }

            if (best + 1 < Count)
            {
                _ranks[best] = RankOf(merges, best, best + 1);
            }
        }
    }

    private void Remove(int index)
    {
        int moved = Count - index - 1;
        Array.Copy(_ids, index + 1, _ids, index, moved);
        Array.Copy(_bytes, index + 1, _bytes, index, moved);
        Array.Copy(_ranks, index + 1, _ranks, index, moved);
        Count--;
    }

    private void MergeByHeap(MergeTable merges)
    {
        _queue.Clear();
        for (int i = 0; i < Count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < Count ? i + 1 : -1;
        }

        for (int i = 0; i < Count; i++)
        {
            Queue(merges, i);
        }

        while (_queue.TryDequeue(out int left, out long priority))
        {
            // An entry is stale when its pair has changed since: then the pair's rank is another one or the symbol is gone.
            int right = _bytes[left] == 0 ? -1 : _next[left];
            if (right >= 0 && RankOf(merges, left, right) == (int)(priority >> 32))
            {
                MergePair(merges, left, right);
            }
        }

        Compact();
    }

    private void MergePair(MergeTable merges, int left, int right)
    {
        merges.TryGet(_ids[left], _ids[right], out _, out _ids[left]);
        _bytes[left] += _bytes[right];
        _bytes[right] = 0; // gone
        _next[left] = _next[right];
        if (_next[left] >= 0)
        {
            _previous[_next[left]] = left;
        }

        if (_previous[left] >= 0)
        {
            Queue(merges, _previous[left]);
        }

        Queue(merges, left);
    }

    private void Queue(MergeTable merges, int left)
    {
        int rank = _next[left] < 0 ? NoMerge : RankOf(merges, left, _next[left]);
        if (rank != NoMerge)
        {
            _queue.Enqueue(left, ((long)rank << 32) | (uint)left);
        }
    }

    private void Compact()
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_bytes[i] > 0)
            {
                (_ids[kept], _bytes[kept]) = (_ids[i], _bytes[i]);
                kept++;
            }
        }

        Count = kept;
    }

    private int RankOf(MergeTable merges, int left, int right) =>
        merges.TryGet(_ids[left], _ids[right], out int rank, out _) ? rank : NoMerge;

    private void Grow()
    {
        int size = _ids.Length * 2;
        Array.Resize(ref _ids, size);
        Array.Resize(ref _bytes, size);
        Array.Resize(ref _next, size);
        Array.Resize(ref _previous, size);
        Array.Resize(ref _ranks, size);
    }
}
