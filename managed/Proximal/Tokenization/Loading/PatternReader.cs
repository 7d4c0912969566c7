using Proximal.Tokenization.Patterns;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads a "pattern": {"String": text} or {"Regex": expression}.</summary>
internal static class PatternReader
{
    private const int LongestExpression = 16384;

    public static TextPattern Read(JsonPlace place)
    {
        if (place.Optional("String") is { } literal)
        {
            return literal.AsString() is { Length: > 0 } text
                ? new LiteralPattern(text)
                : throw literal.Corrupt("an empty string matches nothing", "Give the text to look for");
        }

        return place.Optional("Regex") is { } expression
            ? ReadExpression(expression)
            : throw place.Corrupt("expected \"String\" or \"Regex\"", "Give one of them");
    }

    private static TextPattern ReadExpression(JsonPlace place)
    {
        string source = place.AsString();
        if (source.Length is 0 or > LongestExpression)
        {
            throw place.Corrupt($"the expression has {source.Length} characters, expected 1 to {LongestExpression}", "Shorten it");
        }

        try
        {
            return FamilyPatterns.Of(source) ?? new RegexPattern(source);
        }
        catch (ArgumentException exception)
        {
            throw place.Unsupported($"the regular expression cannot be used: {exception.Message}", "Rewrite it");
        }
    }
}
