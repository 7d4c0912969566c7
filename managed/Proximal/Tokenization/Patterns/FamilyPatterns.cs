using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Patterns;

/// <summary>The split patterns of the model families.</summary>
internal static class FamilyPatterns
{
    /// <summary>GPT-2's.</summary>
    public const string Gpt2Source = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3's: numbers by threes.</summary>
    public const string Llama3Source = Contractions + @"\p{N}{1,3}" + Rest;

    /// <summary>Qwen 2's: single digits.</summary>
    public const string Qwen2Source = Contractions + @"\p{N}" + Rest;

    private const CharacterClass LetterOrNumber = CharacterClass.Letter | CharacterClass.Number;
    private const CharacterClass NotSymbol = LetterOrNumber | CharacterClass.Space;

    /// <summary>GPT-2's pattern.</summary>
    public static TextPattern Gpt2 { get; } = new ScanPattern(Gpt2End);

    /// <summary>The hand-written form of a regular expression, where there is one.</summary>
    public static TextPattern? Of(string source) => source switch
    {
        Gpt2Source => Gpt2,
        Llama3Source => new ScanPattern((text, index) => Llama3End(text, index, 3)),
        Qwen2Source => new ScanPattern((text, index) => Llama3End(text, index, 1)),
        _ => null,
    };

    private static int Gpt2End(ReadOnlySpan<char> text, int index)
    {
        int contraction = ContractionEnd(text, index, ignoreCase: false);
        if (contraction > 0)
        {
            return contraction;
        }

        int body = text[index] == ' ' && index + 1 < text.Length ? index + 1 : index;
        CharacterClass kind = CharacterClasses.At(text, body, out int units) & NotSymbol;
        return kind switch
        {
            CharacterClass.Letter => RunEnd(text, body + units, CharacterClass.Letter, CharacterClass.Letter),
            CharacterClass.Number => RunEnd(text, body + units, CharacterClass.Number, CharacterClass.Number),
            CharacterClass.Other => RunEnd(text, body + units, NotSymbol, CharacterClass.Other),
            _ => SpaceEnd(text, index),
        };
    }

    private static int Llama3End(ReadOnlySpan<char> text, int index, int digits)
    {
        int contraction = ContractionEnd(text, index, ignoreCase: true);
        if (contraction > 0)
        {
            return contraction;
        }

        CharacterClass kind = CharacterClasses.At(text, index, out int units);
        int next = index + units;
        if ((kind & CharacterClass.Letter) != 0)
        {
            return RunEnd(text, next, CharacterClass.Letter, CharacterClass.Letter);
        }

        if ((kind & CharacterClass.Number) != 0)
        {
            return DigitsEnd(text, index, digits);
        }

        CharacterClass following = next < text.Length ? CharacterClasses.At(text, next, out units) : CharacterClass.Space;
        if ((kind & CharacterClass.NewLine) == 0 && (following & CharacterClass.Letter) != 0)
        {
            return RunEnd(text, next + units, CharacterClass.Letter, CharacterClass.Letter);
        }

        bool symbols = (kind & CharacterClass.Space) == 0 || (text[index] == ' ' && (following & NotSymbol) == 0);
        return symbols
            ? RunEnd(text, RunEnd(text, next, NotSymbol, CharacterClass.Other), CharacterClass.NewLine, CharacterClass.NewLine)
            : LineEnd(text, index);
    }

    private static int DigitsEnd(ReadOnlySpan<char> text, int index, int digits)
    {
        for (int taken = 0; taken < digits && index < text.Length; taken++)
        {
            if ((CharacterClasses.At(text, index, out int units) & CharacterClass.Number) == 0)
            {
                break;
            }

            index += units;
        }

        return index;
    }

    /// <summary>The end of the run of code points whose masked class is the wanted one.</summary>
    private static int RunEnd(ReadOnlySpan<char> text, int index, CharacterClass mask, CharacterClass wanted)
    {
        while (index < text.Length && (CharacterClasses.At(text, index, out int units) & mask) == wanted)
        {
            index += units;
        }

        return index;
    }

    /// <summary>\s+(?!\S)|\s+: a run of spaces leaves its last one to what follows.</summary>
    private static int SpaceEnd(ReadOnlySpan<char> text, int index)
    {
        int end = RunEnd(text, index, CharacterClass.Space, CharacterClass.Space);
        return end < text.Length && end - index > 1 ? end - 1 : end;
    }

    /// <summary>\s*[\r\n]+ where the run of spaces has a line end, else as <see cref="SpaceEnd"/>.</summary>
    private static int LineEnd(ReadOnlySpan<char> text, int index)
    {
        int end = RunEnd(text, index, CharacterClass.Space, CharacterClass.Space);
        int line = text[index..end].LastIndexOfAny('\r', '\n');
        return line >= 0 ? index + line + 1 : SpaceEnd(text, index);
    }

    private static int ContractionEnd(ReadOnlySpan<char> text, int index, bool ignoreCase)
    {
        if (text[index] != '\'' || index + 1 >= text.Length)
        {
            return 0;
        }

        char first = Fold(text[index + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return index + 2;
        }

        char second = index + 2 < text.Length ? Fold(text[index + 2], ignoreCase) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? index + 3 : 0;
    }

    // The long s is the only other character that folds to one of these letters.
    private static char Fold(char c, bool ignoreCase) => !ignoreCase ? c : c == '\u017F' ? 's' : char.ToLowerInvariant(c);
}
