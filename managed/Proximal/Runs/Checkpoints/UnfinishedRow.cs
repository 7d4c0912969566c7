namespace Proximal.Runs.Checkpoints;

/// <summary>The row of a committed step whose validation is still to be made.</summary>
/// <param name="Step">The step.</param>
/// <param name="Metrics">Its curves so far.</param>
/// <param name="Warnings">What looks wrong, in plain words.</param>
internal sealed record UnfinishedRow(
    int Step, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<string> Warnings);
