namespace Proximal.Tokenization.Models;

/// <summary>Remembers the tokens of recent words. Bounded, lock-free: a slot holds one immutable entry, the last one wins.</summary>
internal sealed class WordCache
{
    private const int Slots = 1 << 15;
    private const int LongestWord = 48;

    private readonly Entry?[] _entries = new Entry?[Slots];

    private sealed record Entry(string Word, int[] Ids, TokenSpan[] Spans);

    /// <summary>Appends what is known of a word.</summary>
    public bool TryAppend(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans)
    {
        if (word.Length > LongestWord || _entries[SlotOf(word)] is not { } entry || !word.SequenceEqual(entry.Word))
        {
            return false;
        }

        ids.AddRange(entry.Ids.AsSpan());
        spans?.AddRange(entry.Spans.AsSpan());
        return true;
    }

    /// <summary>Remembers a word.</summary>
    public void Remember(ReadOnlySpan<char> word, ReadOnlySpan<int> ids, ReadOnlySpan<TokenSpan> spans)
    {
        if (word.Length <= LongestWord)
        {
            _entries[SlotOf(word)] = new Entry(word.ToString(), ids.ToArray(), spans.ToArray());
        }
    }

    private static int SlotOf(ReadOnlySpan<char> word) => string.GetHashCode(word) & (Slots - 1);
}
