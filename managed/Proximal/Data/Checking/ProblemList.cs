namespace Proximal.Data.Checking;

/// <summary>Counts problems, and keeps the first of each kind.</summary>
/// <param name="most">How many of each kind are kept.</param>
/// <param name="affected">Receives every row that has a problem; <see langword="null"/>: nobody does.</param>
internal sealed class ProblemList(int most, Action<DataProblemKind, Place>? affected = null)
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
        if (place is { } at)
        {
            affected?.Invoke(kind, at);
        }
    }

    /// <summary>Says of another row that it is part of a problem that is told elsewhere.</summary>
    public void Involve(DataProblemKind kind, Place place) => affected?.Invoke(kind, place);

    public IReadOnlyList<DataProblemCount> Counts() =>
        [.. Ordered().Select(problem => new DataProblemCount(SeverityOf(problem.Key), problem.Key, problem.Value.Count))];

    public IReadOnlyList<DataProblem> First() => [.. Ordered().SelectMany(problem => problem.Value.First)];

    private IEnumerable<KeyValuePair<DataProblemKind, (long Count, List<DataProblem> First)>> Ordered() =>
        _problems.OrderByDescending(problem => SeverityOf(problem.Key)).ThenBy(problem => problem.Key);
}
