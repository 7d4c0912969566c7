using Proximal.Evaluation;

namespace Proximal.Data.Checking;

/// <summary>One check: reads the rows, gives each to what looks at rows, and draws the conclusions.</summary>
internal sealed class DataChecker(IReadOnlyList<string> paths, DataCheckOptions options, IProgress<long>? progress, CancellationToken cancellation)
{
    /// <summary>Length alone may tell so many choices: more, or as few the other way round, and a reward model can learn length instead.</summary>
    private const double MostByLength = 0.55;

    /// <summary>Words alone may tell so many choices: more, and a reward model can learn words instead.</summary>
    private const double MostByWords = 0.8;

    private const int ReportEvery = 1000;

    private readonly ProblemList _problems = new(options.MostProblems);
    private long _rows;
    private long _usable;

    public DataReport Run()
    {
        WordIndex? vocabulary = options.Vocabulary is { } file ? Vocabulary.Read(file) : null;
        using IEnumerator<JsonRow> rows = Rows().GetEnumerator();
        var first = new List<JsonRow>();
        while (first.Count < RowFields.LookAt && rows.MoveNext())
        {
            first.Add(rows.Current);
        }

        var fields = RowFields.Recognise(first, options.Fields, options.Shape);
        if (fields.Shape is null)
        {
            return Unrecognised(first, rows);
        }

        return Check(fields, first.Concat(Rest(rows)), vocabulary);
    }

    private DataReport Check(RowFields fields, IEnumerable<JsonRow> rows, WordIndex? vocabulary)
    {
        var reading = new RowReading(fields, _problems);
        var repeats = new RepeatCheck(fields, _problems);
        var measures = new TextMeasures(fields);
        TokenCheck? tokens = options.Tokenizer is { } tokenizer ? new TokenCheck(fields, _problems, options, tokenizer) : null;
        foreach (JsonRow raw in rows)
        {
            if (reading.Read(raw) is not { } read)
            {
                continue;
            }

            CheckedRow row = read.Split is null && paths.Count > 1 ? read with { Split = raw.File } : read;
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
    private IEnumerable<JsonRow> Rows()
    {
        foreach (string path in paths)
        {
            long before = _rows;
            foreach (JsonRow row in RowSource.Read(path, Refuse))
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
        _problems.Add(DataProblemKind.Malformed, new Place(exception.Path, exception.Line), null, exception.What);
    }

    private void Count()
    {
        cancellation.ThrowIfCancellationRequested();
        if (++_rows % ReportEvery == 0)
        {
            progress?.Report(_rows);
        }
    }

    private DataReport Unrecognised(List<JsonRow> first, IEnumerator<JsonRow> rows)
    {
        foreach (JsonRow row in Rest(rows))
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
        Rows = _rows,
        UsableRows = _usable,
        Prompts = 0,
        SampledRows = 0,
        Counts = _problems.Counts(),
        Problems = _problems.First(),
    };

    private static IEnumerable<JsonRow> Rest(IEnumerator<JsonRow> rows)
    {
        while (rows.MoveNext())
        {
            yield return rows.Current;
        }
    }
}
