using System.Buffers;
using System.Text;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.AddedTokens;

/// <summary>Finds added tokens in a text: the leftmost, of those the longest. Immutable.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly CharacterTrie _trie = new();
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<char> _firsts;

    /// <summary>Makes a matcher.</summary>
    /// <param name="tokens">The tokens with the texts to look for; of equal texts the first counts.</param>
    public AddedTokenMatcher(IReadOnlyList<(string Text, AddedToken Token)> tokens)
    {
        _tokens = [.. tokens.Select(token => token.Token)];
        for (int i = 0; i < tokens.Count; i++)
        {
            _trie.Add(tokens[i].Text, i);
        }

        _firsts = SearchValues.Create([.. tokens.Select(token => token.Text[0]).Distinct()]);
    }

    /// <summary>Appends the parts of a text, in order and without gaps.</summary>
    public void Find(ReadOnlySpan<char> text, List<AddedTokenMatch> parts)
    {
        int covered = 0;
        int position = 0;
        while (position < text.Length)
        {
            int skipped = text[position..].IndexOfAny(_firsts);
            if (skipped < 0)
            {
                break;
            }

            position += skipped;
            int end = LongestAt(text, position, out AddedToken? token);
            if (token is null)
            {
                position++;
                continue;
            }

            if (!token.SingleWord || StandsAlone(text, position, end))
            {
                Add(text, parts, ref covered, position, end, token);
            }

            position = end;
        }

        if (covered < text.Length)
        {
            parts.Add(new AddedTokenMatch(covered, text.Length, null));
        }
    }

    private static void Add(
        ReadOnlySpan<char> text, List<AddedTokenMatch> parts, ref int covered, int start, int end, AddedToken token)
    {
        if (token.StripLeft)
        {
            start = Math.Max(text[..start].TrimEnd().Length, covered);
        }

        if (token.StripRight)
        {
            end = text.Length - text[end..].TrimStart().Length;
        }

        // White space that a token swallowed can itself begin the next one: then that one has only the rest.
        start = Math.Max(start, covered);
        end = Math.Max(end, start);
        if (covered < start)
        {
            parts.Add(new AddedTokenMatch(covered, start, null));
        }

        parts.Add(new AddedTokenMatch(start, end, token));
        covered = end;
    }

    private int LongestAt(ReadOnlySpan<char> text, int start, out AddedToken? token)
    {
        token = null;
        int end = start;
        int node = CharacterTrie.Root;
        for (int i = start; i < text.Length && (node = _trie.Next(node, text[i])) >= 0; i++)
        {
            if (_trie.Value(node) is >= 0 and int value)
            {
                token = _tokens[value];
                end = i + 1;
            }
        }

        return end;
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end)
    {
        _ = Rune.DecodeLastFromUtf16(text[..start], out Rune before, out int unitsBefore);
        _ = Rune.DecodeFromUtf16(text[end..], out Rune after, out int unitsAfter);
        return !(unitsBefore > 0 && IsWord(before)) && !(unitsAfter > 0 && IsWord(after));
    }

    private static bool IsWord(Rune rune) => (CharacterClasses.Of(rune) & CharacterClass.Word) != 0;
}
