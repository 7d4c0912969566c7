using System.Text.RegularExpressions;
using Proximal.Data.Formats;
using Proximal.Data.Sources;
using Proximal.Evaluation;

namespace Proximal.Data.Checking;

/// <summary>One check: reads the rows, gives each to what looks at rows, and draws the conclusions.</summary>
/// <param name="paths">The files.</param>
/// <param name="splitOf">The split of a file's rows where they name none; <see langword="null"/>: the files are none.</param>
/// <param name="options">What to look at.</param>
/// <param name="progress">Receives the rows read so far.</param>
/// <param name="affected">Receives every row that has a problem.</param>
/// <param name="cancellation">Ends the check.</param>
internal sealed partial class DataChecker(
    IReadOnlyList<string> paths, Func<string, string>? splitOf, DataCheckOptions options, IProgress<long>? progress, Action<DataProblemKind, Place>? affected, CancellationToken cancellation)
{
    private const string What = "The data file";
    private const string Example = "{\"prompt\": \"...\"}";

    /// <summary>Length alone may tell so many choices: more, or as few the other way round, and a reward model can learn length instead.</summary>
    private const double MostByLength = 0.55;

    /// <summary>Words alone may tell so many choices: more, and a reward model can learn words instead.</summary>
    private const double MostByWords = 0.8;

    private const int ReportEvery = 1000;

    private readonly ProblemList _problems = new(options.MostProblems, affected);
    private DataFormat _format;
    private long _good;
    private long _bad;
    private long _rows;
    private long _usable;

    public DataReport Run()
    {
        WordIndex? vocabulary = options.Vocabulary is { } file ? Vocabulary.Read(file) : null;
        using IEnumerator<ShapedRow> rows = Rows().GetEnumerator();
        var first = new List<ShapedRow>();
        while (first.Count < RowFields.LookAt && rows.MoveNext())
        {
            first.Add(rows.Current);
        }

        RowLayout layout = first.Count > 0 ? first[0].Names : RowLayout.Of(DataFormat.Trl);
        _format = first.Count > 0 ? first[0].Format : DataFormat.Auto;
        var fields = RowFields.Recognise([.. first.Select(row => row.Row)], layout, options.Fields, options.Shape);
        WarnOfLabels(first);
        if (fields.Shape is null)
        {
            return Unrecognised([.. first.Select(row => row.Row)], rows);
        }

        return Check(fields, first.Concat(Rest(rows)), vocabulary);
    }

    private DataReport Check(RowFields fields, IEnumerable<ShapedRow> rows, WordIndex? vocabulary)
    {
        var reading = new RowReading(fields, _problems);
        var repeats = new RepeatCheck(fields, _problems);
        var measures = new TextMeasures(fields);
        TokenCheck? tokens = options.Tokenizer is { } tokenizer ? new TokenCheck(fields, _problems, options, tokenizer) : null;
        foreach ((JsonRow raw, RowLayout names, _) in rows)
        {
            if (reading.Read(raw) is not { } read)
            {
                continue;
            }

            bool? good = fields.Shape == DataShape.Judgements ? raw.Truth(names.Label) : null;
            _good += good == true ? 1 : 0;
            _bad += good == false ? 1 : 0;
            CheckedRow row = read.Split is null && splitOf is not null ? read with { Split = splitOf(raw.File) } : read;
            repeats.Add(row);
            measures.Add(row);
            _usable += tokens?.Add(row, measures.LengthRules) ?? true ? 1 : 0;
        }

        DataReport report = Report(fields.Shape) with
        {
            Prompts = repeats.Prompts,
            Splits = repeats.Splits.All(split => split.Name is null) ? [] : [.. repeats.Splits.Select(split => new DataSplitReport(split.Name ?? "(none)", split.Rows, split.Prompts))],
            Fields = measures.Report(vocabulary, tokens),
            Tokens = tokens?.Report(),
            SampledRows = measures.Sample.Count,
        };
        return (fields.Shape == DataShape.Preferences ? WithRules(report, measures) : report) with { Counts = _problems.Counts(), Problems = _problems.First() };
    }

    private DataReport WithRules(DataReport report, TextMeasures measures)
    {
        IReadOnlyList<LengthRule> lengths = measures.LengthRules.Rules();
        var prediction = new WordPrediction(measures.Sample, measures.Words);
        IReadOnlyList<WordRule> words = prediction.Rules();
        foreach (LengthRule rule in lengths.Where(rule => rule.Split is null))
        {
            TellLength(rule);
        }

        if (words.Count > 0 && words[^1].Accuracy.IsAbove(MostByWords))
        {
            _problems.Add(
                DataProblemKind.WordsTell,
                null,
                null,
                $"words alone tell {EvaluationTable.Percent(words[^1].Accuracy)} of the choices, so that a reward model can learn them instead of what was meant: "
                + "add pairs whose answers share their words");
        }

        (IReadOnlyList<string> chosen, IReadOnlyList<string> rejected) = prediction.Telling();
        return report with { LengthRules = lengths, WordRules = words, ChosenWords = chosen, RejectedWords = rejected };
    }

    private void WarnOfLabels(List<ShapedRow> first)
    {
        if (first.Count > 1 && first.All(row => !RowFile.Of(row.Row.File).HasRows && LabelledLine().IsMatch(row.Row.Text(row.Names.Prompt, "a line"))))
        {
            _problems.Add(
                DataProblemKind.LabelledLines,
                new Place(first[0].Row.File, null),
                null,
                "the lines end with a tab and a number, a label that would be read as a part of the text: let the name end in .tsv and name the cells in a first line");
        }
    }

    private void TellLength(LengthRule rule)
    {
        bool longer = rule.Accuracy.IsAbove(MostByLength);
        if (longer || rule.Accuracy.IsBelow(1 - MostByLength))
        {
            _problems.Add(
                DataProblemKind.LengthTells,
                null,
                null,
                $"the longer answer by {rule.Unit} is the chosen one in {EvaluationTable.Percent(rule.Accuracy)} of the pairs, so that a reward model can learn length "
                + $"instead of what was meant: add pairs whose {(longer ? "shorter" : "longer")} answer is better");
        }
    }

    /// <summary>The rows of all files; those that are none are told.</summary>
    private IEnumerable<ShapedRow> Rows()
    {
        foreach (string path in paths)
        {
            long before = _rows;
            var source = new DataSource(path) { Format = options.Format, Dataset = options.Dataset, ApplyChatTemplate = options.ApplyChatTemplate, Names = options.Fields.Names };
            foreach (ShapedRow row in ShapedRows.Read(source, RowUse.Check, What, Example, Refuse, Role.Prompt))
            {
                Count();
                yield return row;
            }

            if (_rows == before)
            {
                _problems.Add(DataProblemKind.Malformed, new Place(path, null), null, "the file has no rows: give it some, or name another file");
            }
        }
    }

    private void Refuse(DataFileException exception)
    {
        Count();
        DataProblemKind kind = exception switch
        {
            { Field: null } => exception.IsAmbiguous ? DataProblemKind.Ambiguous : DataProblemKind.Malformed,
            { IsMissing: true } => DataProblemKind.MissingField,
            { IsEmpty: true } => DataProblemKind.Empty,
            _ => DataProblemKind.WrongValue,
        };
        _problems.Add(kind, new Place(exception.Path, exception.Line), exception.Field, exception.What);
    }

    private void Count()
    {
        cancellation.ThrowIfCancellationRequested();
        if (++_rows % ReportEvery == 0)
        {
            progress?.Report(_rows);
        }
    }

    private DataReport Unrecognised(List<JsonRow> first, IEnumerator<ShapedRow> rows)
    {
        foreach (ShapedRow row in Rest(rows))
        {
            _ = row;
        }

        if (first.Count > 0)
        {
            _problems.Add(
                DataProblemKind.MissingField,
                new Place(first[0].File, first[0].Line),
                null,
                $"none of the fields 'prompt', 'chosen', 'rejected', 'response', 'text' and 'messages' is there (the row has {RowFields.NamesIn(first[0].Object)}): name the fields that stand for them");
        }

        return Report(null);
    }

    private DataReport Report(DataShape? shape) => new()
    {
        Files = paths,
        Shape = shape,
        Format = _format,
        GoodAnswers = _good,
        BadAnswers = _bad,
        Rows = _rows,
        UsableRows = _usable,
        Prompts = 0,
        SampledRows = 0,
        Counts = _problems.Counts(),
        Problems = _problems.First(),
    };

    private static IEnumerable<ShapedRow> Rest(IEnumerator<ShapedRow> rows)
    {
        while (rows.MoveNext())
        {
            yield return rows.Current;
        }
    }

    [GeneratedRegex(@"\t-?\d+(\.\d+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex LabelledLine();
}
