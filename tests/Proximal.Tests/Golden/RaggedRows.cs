namespace Proximal.Tests.Golden;

/// <summary>
/// Padded [B, T] arrays as packed ragged ones: a row goes as far as its last token, holes stay within it, a row without
/// tokens is empty. N tokens in all.
/// </summary>
internal sealed class RaggedRows
{
    private readonly GoldenTensor _mask;
    private readonly int[] _places;

    public RaggedRows(GoldenTensor mask)
    {
        _mask = mask;
        Offsets = new long[mask.Rows + 1];
        var places = new List<int>();
        for (int row = 0; row < mask.Rows; row++)
        {
            int length = Array.LastIndexOf(mask.Row(row), 1) + 1;
            places.AddRange(Enumerable.Range(row * mask.Columns, length));
            Offsets[row + 1] = places.Count;
        }

        _places = [.. places];
        Mask = [.. _places.Select(place => (byte)mask.Data[place])];
    }

    /// <summary>[B + 1].</summary>
    public long[] Offsets { get; }

    /// <summary>[N] 1 where there is a token, 0 in holes.</summary>
    public byte[] Mask { get; }

    /// <summary>N.</summary>
    public int Count => _places.Length;

    /// <summary>[N] of [B, T]. Holes are filled with not-a-number where that is allowed, so that reading one shows.</summary>
    public float[] Pack(GoldenTensor padded, bool poisonHoles = true)
    {
        float[] values = padded.Floats();
        return [.. _places.Select((place, i) => Mask[i] == 0 && poisonHoles ? float.NaN : values[place])];
    }

    /// <summary>[B, T] of [N], 0 in the padding.</summary>
    public double[] Unpack(IReadOnlyList<float> packed)
    {
        double[] padded = new double[_mask.Count];
        for (int i = 0; i < _places.Length; i++)
        {
            padded[_places[i]] = packed[i];
        }

        return padded;
    }
}
