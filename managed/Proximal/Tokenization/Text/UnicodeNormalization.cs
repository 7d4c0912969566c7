using System.Collections.Frozen;
using System.Text;

namespace Proximal.Tokenization.Text;

/// <summary>Unicode normalisation that keeps the place of every character.</summary>
/// <remarks>
/// Our own, because string.Normalize returns its input unchanged with InvariantGlobalization. The rule of places is that of
/// Hugging Face's normalizers: the first character of a decomposition takes over its original, the others share the place of
/// the one before; a composed character takes the place of the first that went into it. Source: Unicode Standard Annex 15.
/// </remarks>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Trails = 28;

    private static readonly FrozenDictionary<int, Rune[]> Canonical = ReadDecompositions(UnicodeTables.Canonical);
    private static readonly FrozenDictionary<int, Rune[]> Compatible = ReadDecompositions(UnicodeTables.Compatible);
    private static readonly FrozenDictionary<long, Rune> Compositions = ReadCompositions();
    private static readonly FrozenDictionary<int, byte> Classes = ReadClasses();

    /// <summary>A code point and how many old code points it changes the count by: the alignment rule of a transformation.</summary>
    private record struct Change(Rune Rune, int Delta);

    /// <summary>The text in a form; the same instance where nothing can change.</summary>
    public static AlignedText Apply(AlignedText text, UnicodeForm form)
    {
        if (IsStable(text.Text, form))
        {
            return text;
        }

        List<Change> changes = Decompose(text.Text, form is UnicodeForm.Nfkc or UnicodeForm.Nfkd);
        if (form is UnicodeForm.Nfc or UnicodeForm.Nfkc)
        {
            changes = Compose(changes);
        }

        return Transform(text, changes);
    }

    // Below these bounds no character decomposes and none combines with its predecessor.
    private static bool IsStable(string text, UnicodeForm form)
    {
        char bound = form switch { UnicodeForm.Nfc => '\u0300', UnicodeForm.Nfd => '\u00C0', _ => '\u00A0' };
        return text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(bound - 1)) < 0;
    }

    private static List<Change> Decompose(string text, bool compatible)
    {
        List<Change> changes = new(text.Length + 8);
        int sorted = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int delta = 0;
            foreach (Rune part in Parts(rune, compatible))
            {
                if (ClassOf(part) == 0)
                {
                    SortMarks(changes, sorted);
                    sorted = changes.Count + 1;
                }

                changes.Add(new Change(part, delta));
                delta = 1;
            }
        }

        SortMarks(changes, sorted);
        return changes;
    }

    /// <summary>Orders a run of combining marks by class; equal classes keep their order.</summary>
    private static void SortMarks(List<Change> changes, int from)
    {
        if (changes.Count - from < 2)
        {
            return;
        }

        Change[] marks = [.. changes.Skip(from).OrderBy(change => ClassOf(change.Rune))];
        changes.RemoveRange(from, changes.Count - from);
        changes.AddRange(marks);
    }

    private static Rune[] Parts(Rune rune, bool compatible)
    {
        if (rune.Value is >= HangulBase and < HangulBase + (Leads * Vowels * Trails))
        {
            return HangulParts(rune.Value - HangulBase);
        }

        return (compatible && Compatible.TryGetValue(rune.Value, out Rune[]? parts)) || Canonical.TryGetValue(rune.Value, out parts)
            ? parts
            : [rune];
    }

    private static Rune[] HangulParts(int syllable)
    {
        Rune lead = new(LeadBase + (syllable / (Vowels * Trails)));
        Rune vowel = new(VowelBase + (syllable % (Vowels * Trails) / Trails));
        int trail = syllable % Trails;
        return trail == 0 ? [lead, vowel] : [lead, vowel, new Rune(TrailBase + trail)];
    }

    private static List<Change> Compose(List<Change> changes)
    {
        List<Change> result = new(changes.Count);
        int starter = -1;
        int lastClass = -1;
        foreach (Change change in changes)
        {
            int combiningClass = ClassOf(change.Rune);
            bool reachable = starter >= 0 && (lastClass < combiningClass || lastClass < 0);
            if (reachable && TryCompose(result[starter].Rune, change.Rune, out Rune composed))
            {
                result[starter] = new Change(composed, result[starter].Delta + change.Delta - 1);
                continue;
            }

            starter = combiningClass == 0 ? result.Count : starter;
            lastClass = combiningClass == 0 ? -1 : combiningClass;
            result.Add(change);
        }

        return result;
    }

    private static bool TryCompose(Rune first, Rune second, out Rune composed)
    {
        int lead = first.Value - LeadBase;
        int vowel = second.Value - VowelBase;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            composed = new Rune(HangulBase + (((lead * Vowels) + vowel) * Trails));
            return true;
        }

        int syllable = first.Value - HangulBase;
        int trail = second.Value - TrailBase;
        if (syllable is >= 0 and < Leads * Vowels * Trails && syllable % Trails == 0 && trail is > 0 and < Trails)
        {
            composed = new Rune(first.Value + trail);
            return true;
        }

        return Compositions.TryGetValue(((long)first.Value << 32) | (uint)second.Value, out composed);
    }

    /// <summary>Writes the changed text: a delta above 0 was inserted, below 0 swallowed that many followers.</summary>
    private static AlignedText Transform(AlignedText text, List<Change> changes)
    {
        TextEdit edit = new(text);
        int offset = 0;
        foreach (Change change in changes)
        {
            if (change.Delta > 0)
            {
                edit.Write(change.Rune, offset - 1);
                continue;
            }

            edit.Write(change.Rune, Math.Min(offset, text.Text.Length - 1));
            for (int taken = 0; taken <= -change.Delta && offset < text.Text.Length; taken++)
            {
                offset += char.IsHighSurrogate(text.Text[offset]) ? 2 : 1;
            }
        }

        return edit.ToText();
    }

    private static int ClassOf(Rune rune) => rune.Value < 0x300 ? 0 : Classes.GetValueOrDefault(rune.Value);

    private static FrozenDictionary<int, Rune[]> ReadDecompositions(string table) =>
        table.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(record => record.EnumerateRunes().ToArray())
            .ToFrozenDictionary(runes => runes[0].Value, runes => runes[1..]);

    private static FrozenDictionary<long, Rune> ReadCompositions() =>
        UnicodeTables.Compositions.EnumerateRunes().Chunk(3)
            .ToFrozenDictionary(runes => ((long)runes[0].Value << 32) | (uint)runes[1].Value, runes => runes[2]);

    private static FrozenDictionary<int, byte> ReadClasses()
    {
        Dictionary<int, byte> classes = [];
        ReadOnlySpan<int> runs = UnicodeTables.CombiningClasses;
        for (int i = 0; i < runs.Length; i += 3)
        {
            for (int codePoint = runs[i]; codePoint <= runs[i + 1]; codePoint++)
            {
                classes[codePoint] = (byte)runs[i + 2];
            }
        }

        return classes.ToFrozenDictionary();
    }
}
