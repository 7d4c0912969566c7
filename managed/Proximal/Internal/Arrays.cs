namespace Proximal.Internal;

/// <summary>Checks of the lengths of a kernel's arrays: what the native side cannot see.</summary>
internal static class Arrays
{
    /// <summary>An array that must have <paramref name="expected"/> entries.</summary>
    public static void Length(int length, long expected, string name)
    {
        if (length != expected)
        {
            throw new ArgumentException($"Expected {expected} entries, got {length}.", name);
        }
    }

    /// <summary>An array that is empty (not given, or not wanted) or has <paramref name="expected"/> entries.</summary>
    public static void OptionalLength(int length, long expected, string name)
    {
        if (length != 0)
        {
            Length(length, expected, name);
        }
    }

    /// <summary>Offsets of sequences packed end to end.</summary>
    /// <returns>The number of tokens.</returns>
    public static int Offsets(ReadOnlySpan<long> offsets, string name)
    {
        if (offsets.IsEmpty || offsets[0] != 0)
        {
            throw new ArgumentException("Expected one entry more than sequences, the first one 0.", name);
        }

        for (int i = 1; i < offsets.Length; i++)
        {
            if (offsets[i] < offsets[i - 1])
            {
                throw new ArgumentException(
                    $"Expected offsets that do not decrease, got {offsets[i]} after {offsets[i - 1]} at place {i}.", name);
            }
        }

        return offsets[^1] <= Array.MaxLength
            ? (int)offsets[^1]
            : throw new ArgumentException($"Expected at most {Array.MaxLength} tokens, got {offsets[^1]}.", name);
    }
}
