using System.Globalization;
using System.Text.RegularExpressions;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>
/// A document as an editor gives it to a schema: null, bool, decimal (double beyond its range), string, list and dictionary.
/// Plain words are what YAML 1.2's core schema says, or version 1.1.
/// </summary>
internal static partial class YamlInstance
{
    public static object? Of(ConfigurationNode node, bool old = false) => node switch
    {
        ScalarNode { Quoted: true } text => text.Text,
        ScalarNode { IsNull: true } => null,
        ScalarNode scalar => old ? OfOld(scalar.Text) : OfCore(scalar.Text),
        SequenceNode list => list.Items.Select(item => Of(item, old)).ToList(),
        MappingNode mapping => mapping.Entries.ToDictionary(entry => entry.Key, entry => Of(entry.Value, old)),
        _ => throw new ArgumentException("no node"),
    };

    private static object OfCore(string text) => text switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ when CoreInfinity().IsMatch(text) => text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
        ".nan" or ".NaN" or ".NAN" => double.NaN,
        _ => CoreNumber().IsMatch(text) ? Number(text) : text,
    };

    private static object OfOld(string text) =>
        OldTrue().IsMatch(text) ? true
            : OldFalse().IsMatch(text) ? false
            : CoreInfinity().IsMatch(text) ? double.PositiveInfinity
            : OldNumber().IsMatch(text) ? Number(text)
            : text;

    private static object Number(string text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            ? number
            : double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[-+]?\.(inf|Inf|INF)$")]
    private static partial Regex CoreInfinity();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex CoreNumber();

    /// <summary>Version 1.1 wants a point and the exponent's sign: 1e6 is a text there.</summary>
    [GeneratedRegex(@"^[-+]?([0-9]+|[0-9]*\.[0-9]+([eE][-+][0-9]+)?)$")]
    private static partial Regex OldNumber();

    [GeneratedRegex("^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$")]
    private static partial Regex OldTrue();

    [GeneratedRegex("^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$")]
    private static partial Regex OldFalse();
}
