namespace Proximal.Data;

/// <summary>A line as it came.</summary>
/// <param name="Number">Its place in the input, from 1.</param>
/// <param name="Bytes">Its bytes without the line feed; empty when it is too long.</param>
/// <param name="IsTooLong">It was longer than a line may be and has been skipped.</param>
/// <param name="End">Bytes of the input up to its end.</param>
internal readonly record struct RawLine(long Number, ReadOnlyMemory<byte> Bytes, bool IsTooLong, long End);
