namespace Proximal.Tests.Diagnostics;

/// <summary>What an instrument told, with its tags.</summary>
internal sealed record RecordedMeasurement(string Instrument, double Value, IReadOnlyDictionary<string, object?> Tags);
