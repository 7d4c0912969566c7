namespace Proximal.Interop;

/// <summary>One place where the loader looked for the native library.</summary>
/// <param name="Path">The file.</param>
/// <param name="Error">Why it was not taken, or <see langword="null"/> when it was.</param>
internal sealed record LoadAttempt(string Path, string? Error);
