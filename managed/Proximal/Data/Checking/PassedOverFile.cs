namespace Proximal.Data.Checking;

/// <summary>A file in a folder of data that is none of them.</summary>
/// <param name="File">The file.</param>
/// <param name="Reason">Why it is none.</param>
public sealed record PassedOverFile(string File, string Reason);
