namespace Proximal.Tokenization;

/// <summary>Which part of the text a token stands for.</summary>
/// <param name="Start">The first code point.</param>
/// <param name="End">The code point after the last; equal to <paramref name="Start"/> for a token that no text stands behind.</param>
public readonly record struct TokenOffset(int Start, int End);
