namespace Proximal.Tokenization.Models;

/// <summary>A map from 64-bit keys to 64-bit values by open addressing: what merging and tries look up for every pair.</summary>
internal sealed class LongMap
{
    private ulong[] _keys;
    private long[] _values;
    private int _shift;

    public LongMap(int capacity)
    {
        int size = 16;
        while (size < capacity * 2L)
        {
            size *= 2;
        }

        _keys = new ulong[size];
        _values = new long[size];
        _shift = 64 - System.Numerics.BitOperations.Log2((uint)size);
    }

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a key that is not ulong.MaxValue; false when it is there already, and then changes nothing.</summary>
    public bool TryAdd(ulong key, long value)
    {
        if ((Count + 1) * 2L > _keys.Length)
        {
            Grow();
        }

        int slot = Find(key);
        if (_keys[slot] != 0)
        {
            return false;
        }

        _keys[slot] = key + 1; // 0 marks an empty slot
        _values[slot] = value;
        Count++;
        return true;
    }

    /// <summary>Looks a key up.</summary>
    public bool TryGet(ulong key, out long value)
    {
        int slot = Find(key);
        value = _values[slot];
        return _keys[slot] != 0;
    }

    private int Find(ulong key)
    {
        int slot = (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);
        while (_keys[slot] != 0 && _keys[slot] != key + 1)
        {
            slot = (slot + 1) & (_keys.Length - 1);
        }

        return slot;
    }

    private void Grow()
    {
        (ulong[] keys, long[] values) = (_keys, _values);
        _keys = new ulong[keys.Length * 2];
        _values = new long[keys.Length * 2];
        _shift--;
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] != 0)
            {
                int slot = Find(keys[i] - 1);
                (_keys[slot], _values[slot]) = (keys[i], values[i]);
            }
        }
    }
}
