namespace Proximal.Data.Checking;

/// <summary>Something that is wrong with data, where, and the fix.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="File">The file; <see langword="null"/>: all of them.</param>
/// <param name="Line">The line of the row, from 1; <see langword="null"/>: the file as a whole.</param>
/// <param name="Field">The field; <see langword="null"/>: the row as a whole.</param>
/// <param name="Message">What is wrong, and behind a colon the fix.</param>
public sealed record DataProblem(DataSeverity Severity, DataProblemKind Kind, string? File, int? Line, string? Field, string Message)
{
    /// <summary>Where it is, such as <c>pairs.jsonl:12</c>; empty: nowhere in particular.</summary>
    public string Place => File is null ? string.Empty : Line is null ? File : $"{File}:{Line}";

    /// <inheritdoc/>
    public override string ToString() => Place.Length > 0 ? $"{Place}: {Message}" : Message;
}
