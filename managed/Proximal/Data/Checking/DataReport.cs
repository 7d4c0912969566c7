namespace Proximal.Data.Checking;

/// <summary>What a check found.</summary>
public sealed record DataReport
{
    /// <summary>The files.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>What the rows are; <see langword="null"/>: that is not known, as no field is.</summary>
    public DataShape? Shape { get; init; }

    /// <summary>Whose form the rows have.</summary>
    public DataFormat Format { get; init; }

    /// <summary>Of judged answers: how many are labelled as good.</summary>
    public long GoodAnswers { get; init; }

    /// <summary>Of judged answers: how many are labelled as bad.</summary>
    public long BadAnswers { get; init; }

    /// <summary>Rows in the files, with those that cannot be read.</summary>
    public required long Rows { get; init; }

    /// <summary>Rows that a run can use, with pairs of identical answers, which it leaves out.</summary>
    public required long UsableRows { get; init; }

    /// <summary>Different prompts, but for case and white space.</summary>
    public required long Prompts { get; init; }

    /// <summary>The splits in the order of their first rows; empty: the rows name none.</summary>
    public IReadOnlyList<DataSplitReport> Splits { get; init; } = [];

    /// <summary>What the texts are like.</summary>
    public IReadOnlyList<DataFieldReport> Fields { get; init; } = [];

    /// <summary>How the rows fit the model; <see langword="null"/>: no limits were given.</summary>
    public DataTokenReport? Tokens { get; init; }

    /// <summary>Of preferences: how well length alone tells what was chosen, of all pairs and of each split.</summary>
    public IReadOnlyList<LengthRule> LengthRules { get; init; } = [];

    /// <summary>Of preferences: how well words alone tell what was chosen; empty: there are fewer than two prompts.</summary>
    public IReadOnlyList<WordRule> WordRules { get; init; } = [];

    /// <summary>Of preferences: the words that speak most for an answer, the strongest first; at most ten.</summary>
    public IReadOnlyList<string> ChosenWords { get; init; } = [];

    /// <summary>Of preferences: the words that speak most against an answer, the strongest first; at most ten.</summary>
    public IReadOnlyList<string> RejectedWords { get; init; } = [];

    /// <summary>
    /// Rows that distinct-n and the word rules were measured on: all usable ones, or where there are more than 20,000 those of a part of
    /// the prompts, which a hash chooses.
    /// </summary>
    public required long SampledRows { get; init; }

    /// <summary>How often what is wrong, errors first.</summary>
    public required IReadOnlyList<DataProblemCount> Counts { get; init; }

    /// <summary>What is wrong where, in the order of <see cref="Counts"/> and of the rows; of each kind the first ones.</summary>
    public required IReadOnlyList<DataProblem> Problems { get; init; }

    /// <summary>How many errors there are.</summary>
    public long Errors => Counts.Where(count => count.Severity == DataSeverity.Error).Sum(count => count.Count);

    /// <summary>How many warnings there are.</summary>
    public long Warnings => Counts.Where(count => count.Severity == DataSeverity.Warning).Sum(count => count.Count);
}
