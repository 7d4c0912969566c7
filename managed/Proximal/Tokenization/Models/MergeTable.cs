namespace Proximal.Tokenization.Models;

/// <summary>Which two tokens merge, into what, and in which order.</summary>
internal sealed class MergeTable
{
    private readonly LongMap _merges;

    public MergeTable(int capacity) => _merges = new LongMap(capacity);

    /// <summary>A table of merges, each pair once.</summary>
    public static MergeTable Of(IReadOnlyCollection<MergeRule> merges)
    {
        MergeTable table = new(merges.Count);
        foreach (MergeRule merge in merges)
        {
            table.TryAdd(merge.Left, merge.Right, merge.Rank, merge.Merged);
        }

        return table;
    }

    /// <summary>Adds a merge; lower ranks go first. False when the pair has one already.</summary>
    public bool TryAdd(int left, int right, int rank, int merged) => _merges.TryAdd(Key(left, right), ((long)rank << 32) | (uint)merged);

    /// <summary>The merge of a pair.</summary>
    public bool TryGet(int left, int right, out int rank, out int merged)
    {
        bool found = _merges.TryGet(Key(left, right), out long value);
        rank = (int)(value >> 32);
        merged = (int)value;
        return found;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
