namespace Proximal.Data.Checking;

/// <summary>How often something is wrong.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Count">How often.</param>
public sealed record DataProblemCount(DataSeverity Severity, DataProblemKind Kind, long Count);
