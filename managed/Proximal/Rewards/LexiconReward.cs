using System.Globalization;
using System.Text.RegularExpressions;
using Proximal.Data;

namespace Proximal.Rewards;

/// <summary>The sum of a lexicon's values over the words of a response.</summary>
/// <remarks>
/// The words of a text are the matches of <c>[a-z]+(?:'[a-z]+)?</c> in its invariant lower case, so a hyphen or a letter
/// beyond a-z separates words. An entry that is one such word counts wherever the word stands. Entries that are not
/// ("bad luck", "self-confident", "naïve") can never equal a word: they are left out unless <see cref="Phrases"/> is on.
/// Then each is taken as the sequence of its own words; going left to right, the longest entry that matches counts once
/// and its words count no further ("bad luck" instead of "bad" and "luck").
/// </remarks>
public sealed partial class LexiconReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "lexicon";

    private const string EmbeddedFile = "Proximal.Rewards.lexicon.tsv";

    private readonly Dictionary<string, double> _entries;
    private readonly int _longest;

    /// <summary>Makes a reward of entries.</summary>
    /// <param name="entries">Words, or with <paramref name="phrases"/> also phrases, and their finite values.</param>
    /// <param name="phrases">Counts entries of several words too.</param>
    /// <param name="name">The name of its curve.</param>
    public LexiconReward(
        IEnumerable<KeyValuePair<string, double>> entries, bool phrases = false, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(entries);
        RewardRunner.CheckName(name);
        Name = name;
        Phrases = phrases;
        _entries = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach ((string entry, double value) in entries)
        {
            if (!double.IsFinite(value))
            {
                throw new ArgumentException($"The value of '{entry}' is {value}: expected a finite number.", nameof(entries));
            }

            Add(entry, value);
        }

        if (_entries.Count == 0)
        {
            throw new ArgumentException("The lexicon has no entry that can match a word.", nameof(entries));
        }

        _longest = _entries.Keys.Max(entry => 1 + entry.Count(c => c == ' '));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Counts entries of several words too.</summary>
    public bool Phrases { get; }

    /// <summary>Entries that can match.</summary>
    public int Count => _entries.Count;

    /// <summary>Entries that were left out because they are no single word.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Reads a lexicon: UTF-8, one <c>entry TAB value</c> a line; empty lines are skipped.</summary>
    /// <param name="path">The file.</param>
    /// <param name="phrases">Counts entries of several words too.</param>
    /// <param name="name">The name of its curve.</param>
    /// <exception cref="DataFileException">The file cannot be read, or a line is not an entry; the text says which.</exception>
    public static LexiconReward Load(string path, bool phrases = false, string name = DefaultName) =>
        Parse(path, DataFileException.ReadLines(path, "The lexicon"), phrases, name);

    /// <summary>Makes a reward of the lexicon within the library: 787 English words of feeling with values from -5 to 5.</summary>
    /// <param name="name">The name of its curve.</param>
    public static LexiconReward Embedded(string name = DefaultName)
    {
        using Stream file = typeof(LexiconReward).Assembly.GetManifestResourceStream(EmbeddedFile)!;
        using var reader = new StreamReader(file);
        return Parse(EmbeddedFile, reader.ReadToEnd().Split('\n'), phrases: false, name);
    }

    /// <summary>The words of a text, as this reward sees them.</summary>
    /// <param name="text">Any text.</param>
    public static IReadOnlyList<string> Words(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Word().Matches(Lower(text)).Select(match => match.Value)];
    }

    /// <summary>Scores one text.</summary>
    /// <param name="text">Any text.</param>
    public double Score(string text)
    {
        IReadOnlyList<string> words = Words(text);
        double sum = 0;
        int at = 0;
        while (at < words.Count)
        {
            at += Match(words, at, out double value);
            sum += value;
        }

        return sum;
    }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] scores = [.. batch.Rows.Select(row => (float)Score(row.ResponseText))];
        return ValueTask.FromResult(new RewardResult { Scores = scores });
    }

    private static LexiconReward Parse(string path, string[] lines, bool phrases, string name)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }

            string[] fields = lines[i].Split('\t');
            if (fields.Length != 2 || fields[0].Length == 0)
            {
                throw new DataFileException(
                    path, i + 1, $"expected 'word TAB value', got {fields.Length} field(s) in '{Shorten(lines[i])}'");
            }

            if (!double.TryParse(fields[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                || !double.IsFinite(value))
            {
                throw new DataFileException(
                    path, i + 1, $"the value of '{Shorten(fields[0])}' is '{Shorten(fields[1])}': expected a finite number");
            }

            if (values.TryGetValue(fields[0], out double earlier) && earlier != value)
            {
                throw new DataFileException(
                    path, i + 1, $"'{Shorten(fields[0])}' is {value} here and {earlier} above: keep one of them");
            }

            values[fields[0]] = value;
        }

        if (values.Count == 0)
        {
            throw new DataFileException(path, null, "the lexicon is empty: expected one 'word TAB value' a line");
        }

        try
        {
            return new LexiconReward(values, phrases, name);
        }
        catch (ArgumentException failure)
        {
            throw new DataFileException(path, null, $"{failure.Message} Expected words of the letters a to z", failure);
        }
    }

    [GeneratedRegex("[a-z]+(?:'[a-z]+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    private static string Shorten(string text) => text.Length <= 40 ? text : $"{text.AsSpan(0, 40)}...";

    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Globalization", "CA1308", Justification = "Lexicons are written in lower case.")]
    private static string Lower(string text) => text.ToLowerInvariant();

    private void Add(string entry, double value)
    {
        IReadOnlyList<string> words = Words(entry);
        bool single = words.Count == 1 && words[0] == entry;
        if (single)
        {
            _entries[entry] = value;
        }
        else if (Phrases && words.Count > 0)
        {
            // A single word wins over a phrase that comes to the same letters, whatever their order.
            _entries.TryAdd(string.Join(' ', words), value);
        }
        else
        {
            LeftOut++;
        }
    }

    /// <summary>The longest entry from a word on; without one the word has value 0.</summary>
    /// <returns>How many words it takes.</returns>
    private int Match(IReadOnlyList<string> words, int start, out double value)
    {
        for (int length = Math.Min(_longest, words.Count - start); length > 1; length--)
        {
            if (_entries.TryGetValue(string.Join(' ', words.Skip(start).Take(length)), out value))
            {
                return length;
            }
        }

        _entries.TryGetValue(words[start], out value);
        return 1;
    }
}
