using System.Text;

namespace Proximal.Data.Checking;

/// <summary>The words of a text, in lower case.</summary>
/// <remarks>
/// A word is a run of letters, marks and digits, in which apostrophes may stand; each ideograph, hiragana or katakana is a word of its own.
/// Everything else separates words.
/// </remarks>
internal static class Words
{
    /// <summary>Gives each word to <paramref name="take"/>, in order.</summary>
    public static void Each(string text, Action<ReadOnlySpan<char>> take)
    {
        string lower = text.ToLowerInvariant().Replace('\u2019', '\'');
        int start = -1;
        int position = 0;
        foreach (Rune rune in lower.EnumerateRunes())
        {
            int end = position + rune.Utf16SequenceLength;
            bool alone = IsIdeograph(rune.Value);
            bool inside = !alone && (IsLetter(rune) || (rune.Value == '\'' && start >= 0 && end < lower.Length && IsLetter(Rune.GetRuneAt(lower, end))));
            if (!inside && start >= 0)
            {
                take(lower.AsSpan(start, position - start));
                start = -1;
            }

            if (alone)
            {
                take(lower.AsSpan(position, end - position));
            }
            else if (inside && start < 0)
            {
                start = position;
            }

            position = end;
        }

        if (start >= 0)
        {
            take(lower.AsSpan(start));
        }
    }

    private static bool IsLetter(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;

    private static bool IsIdeograph(int point) =>
        point is (>= 0x3041 and <= 0x30FA) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);
}
