using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Proximal.Tokenization.Patterns;

/// <summary>A regular expression from a tokenizer's file.</summary>
/// <remarks>
/// Files are not trusted: where the expression allows it, it runs without backtracking; else a time limit ends it. .NET
/// matches UTF-16 units: code points above the basic plane are shown to it as a basic one of the same category.
/// </remarks>
internal sealed class RegexPattern : TextPattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly char[] Representatives = FindRepresentatives();

    private readonly Regex _regex;

    /// <summary>Makes a pattern.</summary>
    /// <exception cref="ArgumentException">It is no regular expression that .NET reads as Oniguruma does.</exception>
    public RegexPattern(string source)
    {
        string translated = OnigurumaTranslation.Translate(source);
        try
        {
            _regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.NonBacktracking, Limit);
        }
        catch (NotSupportedException)
        {
            _regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Multiline, Limit);
        }
    }

    /// <inheritdoc/>
    public override void Find(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
        {
            FindAmongRepresentatives(text, parts);
            return;
        }

        int position = 0;
        foreach (ValueMatch match in _regex.EnumerateMatches(text))
        {
            AddMatch(parts, ref position, match.Index, match.Index + match.Length);
        }

        AddRest(parts, position, text.Length);
    }

    private static void AddMatch(List<PatternMatch> parts, ref int position, int start, int end)
    {
        if (end > start)
        {
            Add(parts, ref position, start, end);
        }
    }

    private void FindAmongRepresentatives(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        char[] shown = ArrayPool<char>.Shared.Rent(text.Length);
        int[] places = ArrayPool<int>.Shared.Rent(text.Length + 1);
        try
        {
            int length = Show(text, shown, places);
            int position = 0;
            foreach (ValueMatch match in _regex.EnumerateMatches(shown.AsSpan(0, length)))
            {
                AddMatch(parts, ref position, places[match.Index], places[match.Index + match.Length]);
            }

            AddRest(parts, position, text.Length);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(shown);
            ArrayPool<int>.Shared.Return(places);
        }
    }

    private static int Show(ReadOnlySpan<char> text, char[] shown, int[] places)
    {
        int count = 0;
        int index = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            shown[count] = rune.IsBmp ? (char)rune.Value : Representatives[(int)Rune.GetUnicodeCategory(rune)];
            places[count++] = index;
            index += rune.Utf16SequenceLength;
        }

        places[count] = index;
        return count;
    }

    /// <summary>The last code point of each category in the basic plane: one that expressions hardly name.</summary>
    private static char[] FindRepresentatives()
    {
        char[] representatives = new char[(int)UnicodeCategory.OtherNotAssigned + 1];
        for (int c = 0; c < 0x10000; c++)
        {
            representatives[(int)CharUnicodeInfo.GetUnicodeCategory(c)] = (char)c;
        }

        return representatives;
    }
}
