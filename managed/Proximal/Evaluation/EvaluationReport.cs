namespace Proximal.Evaluation;

/// <summary>An evaluation with the names of what was compared.</summary>
public sealed record EvaluationReport
{
    /// <summary>The baseline's path.</summary>
    public required string Baseline { get; init; }

    /// <summary>The model's path.</summary>
    public required string Model { get; init; }

    /// <summary>How they were compared.</summary>
    public required EvaluationOptions Options { get; init; }

    /// <summary>What came out.</summary>
    public required EvaluationResult Result { get; init; }

    /// <summary>A short name of the baseline, another than the model's.</summary>
    public string BaselineLabel => Label(Baseline, Model);

    /// <summary>A short name of the model, another than the baseline's.</summary>
    public string ModelLabel => Label(Model, Baseline);

    /// <summary>The shortest end of a path that the other one does not have; for a run's model the run's name too.</summary>
    private static string Label(string path, string other)
    {
        string[] parts = Parts(path);
        string[] others = Parts(other);
        int count = parts[^1] == Runs.RunFolder.ModelFolder ? 2 : 1;
        while (count < parts.Length && parts.AsSpan(^count..).SequenceEqual(others.AsSpan(^Math.Min(count, others.Length)..)))
        {
            count++;
        }

        return string.Join('/', parts[^Math.Min(count, parts.Length)..]);
    }

    private static string[] Parts(string path) =>
        path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } parts ? parts : [path];
}
