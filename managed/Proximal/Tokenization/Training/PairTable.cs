using System.Runtime.InteropServices;

namespace Proximal.Tokenization.Training;

/// <summary>Neighbouring symbols of a text, how often each pair of them occurs and where.</summary>
/// <remarks>
/// A place is the index of a pair's left symbol. A place belongs to one pair at a time, so the places of a pair are a linked list
/// through arrays: adding, removing and counting take constant time, and nothing stale is ever kept.
/// </remarks>
internal sealed class PairTable(int places)
{
    private readonly int[] _before = new int[places];
    private readonly int[] _after = new int[places];
    private readonly int[] _slotOf = Filled(places);
    private readonly Dictionary<ulong, int> _slots = [];
    private readonly Stack<int> _free = [];
    private Pair[] _pairs = new Pair[1024];
    private int _used;

    private struct Pair
    {
        public ulong Key;
        public long Count;
        public int First;
        public int Last;
    }

    /// <summary>The pair of two symbols as one number; of equal counts the smallest goes first.</summary>
    public static ulong KeyOf(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>The symbols of a slot's pair.</summary>
    public (int Left, int Right) SymbolsOf(int slot) => ((int)(_pairs[slot].Key >> 32), (int)_pairs[slot].Key);

    /// <summary>The key of a slot's pair.</summary>
    public ulong KeyAt(int slot) => _pairs[slot].Key;

    /// <summary>How often a slot's pair occurs.</summary>
    public long CountOf(int slot) => _pairs[slot].Count;

    /// <summary>The first place of a slot's pair; -1: none.</summary>
    public int FirstPlaceOf(int slot) => _pairs[slot].First;

    /// <summary>Adds a place at the end of its pair's.</summary>
    /// <param name="place">The place, of no pair so far.</param>
    /// <param name="key">The pair.</param>
    /// <param name="weight">How often the place's word occurs.</param>
    /// <param name="created">Receives the slot of a pair that was not there.</param>
    public void Add(int place, ulong key, long weight, List<int> created)
    {
        ref int slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_slots, key, out bool known);
        if (!known)
        {
            slot = NewSlot(key);
            created.Add(slot);
        }

        ref Pair pair = ref _pairs[slot];
        pair.Count += weight;
        _slotOf[place] = slot;
        _before[place] = pair.Last;
        _after[place] = -1;
        if (pair.Last >= 0)
        {
            _after[pair.Last] = place;
        }
        else
        {
            pair.First = place;
        }

        pair.Last = place;
    }

    /// <summary>Takes a place from its pair, if it has one.</summary>
    public void Remove(int place, long weight)
    {
        int slot = _slotOf[place];
        if (slot < 0)
        {
            return;
        }

        ref Pair pair = ref _pairs[slot];
        pair.Count -= weight;
        (int before, int after) = (_before[place], _after[place]);
        _slotOf[place] = -1;
        if (before >= 0)
        {
            _after[before] = after;
        }
        else
        {
            pair.First = after;
        }

        if (after >= 0)
        {
            _before[after] = before;
        }
        else
        {
            pair.Last = before;
        }
    }

    /// <summary>Forgets a pair that has no place left.</summary>
    public void Free(int slot)
    {
        _slots.Remove(_pairs[slot].Key);
        _free.Push(slot);
    }

    private int NewSlot(ulong key)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _used++;
            if (slot == _pairs.Length)
            {
                Array.Resize(ref _pairs, _pairs.Length * 2);
            }
        }

        _pairs[slot] = new Pair { Key = key, First = -1, Last = -1 };
        return slot;
    }

    private static int[] Filled(int length)
    {
        int[] values = new int[length];
        Array.Fill(values, -1);
        return values;
    }
}
