namespace Proximal.Runs;

/// <summary>One row of a run's metrics.</summary>
/// <param name="Step">The step; 0: the start model.</param>
/// <param name="Values">The curves' values by name, in the order of the file; those that do not exist are left out.</param>
/// <param name="Warnings">What looked wrong, in plain words.</param>
public sealed record MetricsRow(int Step, IReadOnlyDictionary<string, double> Values, IReadOnlyList<string> Warnings);
