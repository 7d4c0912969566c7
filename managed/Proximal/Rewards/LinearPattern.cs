using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Proximal.Rewards;

/// <summary>Regular expressions that a user writes: matched in time linear in the text, whatever a model writes into it.</summary>
internal static class LinearPattern
{
    /// <summary>Compiles a pattern.</summary>
    /// <param name="pattern">.NET syntax without lookaround, back-references and atomic groups.</param>
    /// <param name="full">The whole text has to match.</param>
    /// <param name="name">What messages call the pattern.</param>
    /// <exception cref="ArgumentException">The pattern cannot be used; the text says why.</exception>
    public static Regex Compile(
        string pattern, bool full = false, [CallerArgumentExpression(nameof(pattern))] string name = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(pattern, name);
        const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
        try
        {
            // By itself first: "a)(b" is no pattern, though it would be one within the group.
            var anywhere = new Regex(pattern, Options);
            return full ? new Regex($@"\A(?:{pattern})\z", Options) : anywhere;
        }
        catch (NotSupportedException exception)
        {
            throw new ArgumentException(
                $"'{pattern}' cannot be matched in linear time: write it without lookaround, back-references and atomic groups.",
                name,
                exception);
        }
        catch (RegexParseException exception)
        {
            throw new ArgumentException(
                $"'{pattern}' is no regular expression ({exception.Error} at character {exception.Offset}): correct it.", name, exception);
        }
    }
}
