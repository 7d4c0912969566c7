using System.Globalization;
using System.Text;

namespace Proximal.Tokenization.Text;

/// <summary>What the split patterns ask about a code point.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary>None of the others.</summary>
    Other = 0,

    /// <summary>\p{L}</summary>
    Letter = 1,

    /// <summary>\p{N}</summary>
    Number = 2,

    /// <summary>\s: White_Space</summary>
    Space = 4,

    /// <summary>Carriage return or line feed; also <see cref="Space"/>.</summary>
    NewLine = 8,

    /// <summary>\w: letters, marks, numbers that are digits or letters, connectors</summary>
    Word = 16,

    /// <summary>\p{P} or punctuation of ASCII, symbols included</summary>
    Punctuation = 32,
}

/// <summary>Classes of code points, from a table for the basic plane.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] Basic = [.. Enumerable.Range(0, 0x10000).Select(Classify)];

    /// <summary>The class of the code point at an index and how many UTF-16 units it takes.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int units)
    {
        char first = text[index];
        if (char.IsHighSurrogate(first) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            units = 2;
            return Classify(char.ConvertToUtf32(first, text[index + 1]));
        }

        units = 1;
        return Basic[first];
    }

    /// <summary>The class of a code point.</summary>
    public static CharacterClass Of(Rune rune) => rune.IsBmp ? Basic[rune.Value] : Classify(rune.Value);

    private static CharacterClass Classify(int codePoint)
    {
        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(codePoint);
        CharacterClass result = category switch
        {
            <= UnicodeCategory.OtherLetter => CharacterClass.Letter | CharacterClass.Word,
            <= UnicodeCategory.EnclosingMark => CharacterClass.Word,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber => CharacterClass.Number | CharacterClass.Word,
            UnicodeCategory.OtherNumber => CharacterClass.Number,
            UnicodeCategory.ConnectorPunctuation => CharacterClass.Word | CharacterClass.Punctuation,
            >= UnicodeCategory.DashPunctuation and <= UnicodeCategory.OtherPunctuation => CharacterClass.Punctuation,
            _ => CharacterClass.Other,
        };
        return result
            | (IsSpace(codePoint) ? CharacterClass.Space : 0)
            | (codePoint is '\r' or '\n' ? CharacterClass.NewLine : 0)
            | (codePoint < 128 && (char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint)) ? CharacterClass.Punctuation : 0)
            | (codePoint is (>= 0x24B6 and <= 0x24E9) or 0x200C or 0x200D ? CharacterClass.Word : 0);
    }

    private static bool IsSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);
}
