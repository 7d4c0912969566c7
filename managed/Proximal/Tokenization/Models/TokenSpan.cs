namespace Proximal.Tokenization.Models;

/// <summary>Which UTF-8 bytes of its word a token covers.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The byte after the last.</param>
internal readonly record struct TokenSpan(int Start, int End);
