namespace Proximal.Tests.Runs;

/// <summary>One event of a TensorBoard file.</summary>
internal sealed record TensorBoardEvent(double WallTime, long Step, string? FileVersion, IReadOnlyDictionary<string, float> Scalars);
