namespace Proximal.Data.Checking;

/// <summary>Gathers what the texts of the rows are like.</summary>
internal sealed class TextMeasures
{
    public const string WordUnit = "words";
    public const string CharacterUnit = "characters";
    public const string TokenUnit = "tokens";

    private const int LargestGram = 4;
    private const int SampleCapacity = 20_000;

    private readonly RowFields _fields;
    private readonly LengthCounts[] _wordLengths;
    private readonly LengthCounts[] _characterLengths;
    private readonly WordCounts[] _wordCounts;
    private readonly RowSample _sample = new(SampleCapacity);

    public TextMeasures(RowFields fields)
    {
        _fields = fields;
        _wordLengths = [.. fields.Roles.Select(_ => new LengthCounts())];
        _characterLengths = [.. fields.Roles.Select(_ => new LengthCounts())];
        _wordCounts = [.. fields.Roles.Select(_ => new WordCounts())];
    }

    /// <summary>The words of all rows.</summary>
    public WordIndex Words { get; } = new();

    /// <summary>The rows whose words are held.</summary>
    public IReadOnlyList<SampledRow> Sample => _sample.Rows;

    /// <summary>How well length tells what was chosen.</summary>
    public LengthRules LengthRules { get; } = new();

    public void Add(CheckedRow row)
    {
        int[][] words = new int[row.Texts.Length][];
        int[] characters = new int[row.Texts.Length];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = row.Texts[i] is { } text ? Words.Of(text) : [];
            if (row.Texts[i] is { } there)
            {
                characters[i] = there.EnumerateRunes().Count();
                _wordLengths[i].Add(words[i].Length);
                _characterLengths[i].Add(characters[i]);
                _wordCounts[i].Add(words[i]);
            }
        }

        if (_fields.Shape == DataShape.Preferences && !row.IsIdentical)
        {
            LengthRules.Add(WordUnit, row.Split, words[1].Length, words[2].Length);
            LengthRules.Add(CharacterUnit, row.Split, characters[1], characters[2]);
        }

        _sample.Add(new SampledRow(TextKey.Of(TextKey.Plain(row.Prompt)), row.Split, words, row.IsIdentical));
    }

    public IReadOnlyList<DataFieldReport> Report(WordIndex? vocabulary, TokenCheck? tokens) =>
    [
        .. _fields.Roles.Select((role, i) => new DataFieldReport
        {
            Role = role,
            Field = _fields[role],
            IsToTell = _fields.IsToTell(role),
            Words = _wordLengths[i].Summary(),
            Characters = _characterLengths[i].Summary(),
            Tokens = tokens?.Lengths(i),
            Distinct = [.. Enumerable.Range(1, LargestGram).Select(n => Distinct(i, n))],
            KnownWords = vocabulary is null ? null : _wordCounts[i].Known(Words, vocabulary),
            UnknownWords = vocabulary is null ? [] : _wordCounts[i].Unknown(Words, vocabulary),
        }),
    ];

    private double? Distinct(int role, int n)
    {
        // Rows that share a prompt say nothing about how varied prompts are.
        IEnumerable<SampledRow> rows = _fields.Roles[role] == Role.Prompt ? Sample.DistinctBy(row => row.Prompt) : Sample;
        double distinct = Evaluation.NGramStatistics.Distinct(rows.Select(row => row.Words[role]), n);
        return double.IsNaN(distinct) ? null : distinct;
    }
}
