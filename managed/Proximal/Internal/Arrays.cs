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

    /// <summary>An array that must have <paramref name="least"/> entries or more.</summary>
    public static void AtLeast(int length, int least, string name)
    {
        if (length < least)
        {
            throw new ArgumentException($"Expected at least {least} entries, got {length}.", name);
        }
    }

    /// <summary>One of two arrays, and not both.</summary>
    public static void OneOf(int length, int otherLength, string name, string otherName)
    {
        if (length == 0 == (otherLength == 0))
        {
            throw new ArgumentException($"Expected it or {otherName}, got {(length == 0 ? "neither" : "both")}.", name);
        }
    }

    /// <summary>An input in float or in bf16: one of the two is empty, or both are.</summary>
    /// <returns>The number of its entries.</returns>
    public static int Input(int single, int bf16, string singleName, string bf16Name) =>
        single == 0 || bf16 == 0
            ? single + bf16
            : throw new ArgumentException($"Expected it or {bf16Name}, got both.", singleName);

    /// <summary>A result in float, in bf16, or both: each is empty or fits, and not both are empty.</summary>
    public static void Outputs(int single, int bf16, long expected, string singleName, string bf16Name)
    {
        OptionalLength(single, expected, singleName);
        OptionalLength(bf16, expected, bf16Name);
        if (single == 0 && bf16 == 0 && expected != 0)
        {
            throw new ArgumentException($"Expected an array of {expected} entries, or {bf16Name}; both are empty.", singleName);
        }
    }

    /// <summary>A matrix, packed by rows.</summary>
    /// <returns>The number of rows.</returns>
    public static int Rows(int length, int columns, string name, string columnsName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1, columnsName);
        return length % columns == 0
            ? length / columns
            : throw new ArgumentException($"Expected whole rows of {columns} entries, got {length} entries.", name);
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
