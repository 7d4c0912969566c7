namespace Proximal.Training;

/// <summary>Cuts a list of items into the parts that go through a model together.</summary>
internal static class SequencePacking
{
    /// <summary>Fills parts in order, each up to its most tokens and items; a longer item goes alone.</summary>
    /// <param name="items">The items, in order.</param>
    /// <param name="length">Tokens of an item.</param>
    /// <param name="mostTokens">The most tokens of a part; at least 1.</param>
    /// <param name="mostItems">The most items of a part; 0: as many as fit.</param>
    public static IEnumerable<int[]> Cut(int[] items, Func<int, long> length, int mostTokens, int mostItems = 0)
    {
        int most = mostItems > 0 ? mostItems : int.MaxValue;
        int begin = 0;
        long tokens = 0;
        for (int i = 0; i < items.Length; i++)
        {
            long next = length(items[i]);
            bool full = tokens + next > mostTokens || i - begin == most;
            if (full && i > begin)
            {
                yield return items[begin..i];
                begin = i;
                tokens = 0;
            }

            tokens += next;
        }

        yield return items[begin..];
    }
}
