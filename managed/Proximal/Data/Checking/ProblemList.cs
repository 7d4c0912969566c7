namespace Proximal.Data.Checking;

/// <summary>Counts problems, and keeps the first of each kind.</summary>
internal sealed class ProblemList(int most)
{
    private readonly SortedDictionary<DataProblemKind, (long Count, List<DataProblem> First)> _problems = [];

    /// <summary>How bad each kind is.</summary>
    public static DataSeverity SeverityOf(DataProblemKind kind) => kind switch
    {
        <= DataProblemKind.Leakage or DataProblemKind.NoTokens => DataSeverity.Error,
        _ => DataSeverity.Warning,
    };

    public void Add(DataProblemKind kind, Place? place, string? field, string message)
    {
        (long count, List<DataProblem> first) = _problems.GetValueOrDefault(kind, (0, []));
        if (count < most)
        {
            first.Add(new DataProblem(SeverityOf(kind), kind, place?.File, place?.Line, field, message));
        }

        _problems[kind] = (count + 1, first);
    }

    public IReadOnlyList<DataProblemCount> Counts() =>
        [.. Ordered().Select(problem => new DataProblemCount(SeverityOf(problem.Key), problem.Key, problem.Value.Count))];

    public IReadOnlyList<DataProblem> First() => [.. Ordered().SelectMany(problem => problem.Value.First)];

    private IEnumerable<KeyValuePair<DataProblemKind, (long Count, List<DataProblem> First)>> Ordered() =>
        _problems.OrderByDescending(problem => SeverityOf(problem.Key)).ThenBy(problem => problem.Key);
}
