namespace Proximal.Tokenization.Patterns;

/// <summary>A part of a text that matches a pattern, or stands between matches.</summary>
/// <param name="Start">The first UTF-16 unit.</param>
/// <param name="End">The unit after the last.</param>
/// <param name="IsMatch">Whether it matches.</param>
internal readonly record struct PatternMatch(int Start, int End, bool IsMatch);
