using Proximal.Internal;

namespace Proximal.Kernels;

/// <summary>The heads of a row: those of queries, then those of keys, then those of values.</summary>
/// <param name="Queries">Hq, at least 1.</param>
/// <param name="KeyValues">Hkv, of keys and as many of values; 0: all heads are turned.</param>
/// <param name="Size">D, even, at least 2.</param>
public readonly record struct RopeHeads(int Queries, int KeyValues, int Size)
{
    /// <summary>Heads that are turned: queries and keys.</summary>
    internal int Turned => Queries + KeyValues;

    /// <summary>Entries of a row.</summary>
    internal int Columns => checked((Queries + (2 * KeyValues)) * Size);

    internal void Validate()
    {
        Require.AtLeast(Queries, 1);
        Require.AtLeast(KeyValues, 0);
        if (Size < 2 || Size % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(Size), Size, "Expected an even number of at least 2.");
        }
    }
}
