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
    private const int CharactersPerMillisecond = 100;
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(10);
    private static readonly char[] Representatives = FindRepresentatives();

    private readonly Regex _regex;
    private readonly TimeSpan _limit;

    /// <summary>Makes a pattern.</summary>
    /// <param name="source">The expression in Oniguruma's dialect.</param>
    /// <param name="limit">How long a match may take, and a text on top of what its length allows.</param>
    /// <exception cref="ArgumentException">It is no regular expression that .NET reads as Oniguruma does.</exception>
    public RegexPattern(string source, TimeSpan? limit = null)
    {
        _limit = limit ?? DefaultLimit;
        string translated = OnigurumaTranslation.Translate(source);
        try
        {
            _regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.NonBacktracking, _limit);
        }
        catch (NotSupportedException)
        {
            _regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Compiled, _limit);
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

        Find(text, parts, text.Length, places: null);
    }

    /// <summary>Appends the parts of a text; places say where its characters stand in the text that was asked about.</summary>
    private void Find(ReadOnlySpan<char> text, List<PatternMatch> parts, int length, int[]? places)
    {
        long end = Environment.TickCount64 + (long)_limit.TotalMilliseconds + (text.Length / CharactersPerMillisecond);
        int position = 0;
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                if (match.Length > 0)
                {
                    int last = match.Index + match.Length;
                    Add(parts, ref position, places?[match.Index] ?? match.Index, places?[last] ?? last);
                }

                // The engine's own limit holds for each match alone.
                if (Environment.TickCount64 > end)
                {
                    throw new RegexMatchTimeoutException();
                }
            }
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new TimeoutException(
                $"The tokenizer's regular expression {_regex} takes too long on a text of {text.Length} characters. Simplify the expression.", exception);
        }

        AddRest(parts, position, length);
    }

    private void FindAmongRepresentatives(ReadOnlySpan<char> text, List<PatternMatch> parts)
    {
        char[] shown = ArrayPool<char>.Shared.Rent(text.Length);
        int[] places = ArrayPool<int>.Shared.Rent(text.Length + 1);
        try
        {
            Find(shown.AsSpan(0, Show(text, shown, places)), parts, text.Length, places);
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
