namespace Proximal.Internal;

/// <summary>A stream of random numbers that is nothing but a seed, a stream number and a position: easy to put back.</summary>
/// <remarks>SplitMix64 (Steele, Lea and Flood 2014) over a counter, so that results never depend on the .NET version.</remarks>
internal struct RandomStream
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _key;
    private ulong _position;

    public RandomStream(ulong seed, ulong stream)
    {
        _key = Mix(Mix(seed + Golden) + stream);
        _position = 0;
    }

    public ulong NextUInt64() => Mix(_key + (++_position * Golden));

    /// <summary>A whole number from 0 to <paramref name="bound"/> - 1, each equally likely.</summary>
    public int Next(int bound)
    {
        // Draws below the threshold would favour small results: Lemire 2019.
        ulong range = (ulong)bound;
        ulong threshold = (0 - range) % range;
        while (true)
        {
            ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
            if (low >= threshold)
            {
                return (int)high;
            }
        }
    }

    /// <summary>0 to <paramref name="count"/> - 1 in random order (Fisher and Yates).</summary>
    public int[] Permutation(int count)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        for (int i = count - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
