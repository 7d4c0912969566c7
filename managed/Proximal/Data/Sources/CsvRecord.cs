namespace Proximal.Data.Sources;

/// <summary>A record of a file of cells.</summary>
/// <param name="Line">The line it starts in, from 1.</param>
/// <param name="Cells">The cells; <see langword="null"/>: there is nothing in one, not even quotes.</param>
/// <param name="Problem">What is wrong with it, and the fix; <see langword="null"/>: nothing.</param>
internal sealed record CsvRecord(int Line, IReadOnlyList<string?> Cells, string? Problem);
