using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Proximal.Cli.Commands;

/// <summary>Options that are numbers in a range.</summary>
internal static class NumberOption
{
    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> Whole(string name, string description, int value, int least, int most) => Make(
        name,
        description,
        "N",
        value,
        most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}",
        text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : null);

    /// <summary>A number that <paramref name="accepts"/> takes, which <paramref name="expected"/> puts into words.</summary>
    public static Option<double> Real(string name, string description, double value, string expected, Func<double, bool> accepts) => Make(
        name,
        description,
        "X",
        value,
        expected,
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && accepts(number) ? number : (double?)null);

    /// <summary>A seed.</summary>
    public static Option<ulong> Seed(string name, string description, ulong value = 0) => Make(
        name,
        description,
        "N",
        value,
        $"a whole number from 0 to {ulong.MaxValue}",
        text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : (ulong?)null);

    private static Option<T> Make<T>(
        string name, string description, string helpName, T value, string expected, Func<string, T?> parse)
        where T : struct => new(name)
    {
        Description = description,
        HelpName = helpName,
        DefaultValueFactory = _ => value,
        CustomParser = result => parse(result.Tokens[0].Value) ?? Refuse<T>(result, name, expected),
    };

    private static T Refuse<T>(ArgumentResult result, string name, string expected)
    {
        result.AddError($"{name}: expected {expected}, got '{result.Tokens[0].Value}'.");
        return default!;
    }
}
