using System.Globalization;

namespace Proximal.Configuration;

/// <summary>Turns single values into texts, truth values, enums and numbers.</summary>
internal static class ScalarBinder
{
    /// <summary>What may be written for true, whatever its case.</summary>
    public static readonly string[] True = ["true", "yes", "on"];

    /// <summary>What may be written for false, whatever its case.</summary>
    public static readonly string[] False = ["false", "no", "off"];

    /// <summary>What may be written for infinity, whatever its case.</summary>
    public static readonly string[] Infinite = ["infinity", "inf", ".inf", "+.inf", "off"];

    /// <summary>Whether the type is written as a single value.</summary>
    public static bool Handles(Type type) =>
        type == typeof(string) || type == typeof(bool) || type.IsEnum || IsWhole(type) || IsReal(type);

    /// <summary>What the type expects, in the words of an error message.</summary>
    public static string Describe(Type type) => type switch
    {
        _ when type == typeof(string) => "a text",
        _ when type == typeof(bool) => "true or false",
        { IsEnum: true } => $"one of {string.Join(", ", NamesOf(type))}",
        _ when IsWhole(type) => "a whole number",
        _ when IsReal(type) => "a number",
        _ when ListTypes.ItemOf(type) is not null => "a list",
        _ => "a mapping of keys and values",
    };

    public static object Bind(Type type, ScalarNode node, string key)
    {
        if (type == typeof(string))
        {
            return node.Text;
        }

        if (type.IsEnum)
        {
            return BindEnum(type, node, key);
        }

        if (node.Quoted)
        {
            throw new ConfigurationException(
                node.Position, key, $"expected {Describe(type)}, got {node.Description}; remove the quotes");
        }

        return type == typeof(bool) ? BindBool(node, key)
            : IsWhole(type) ? BindWhole(type, node, key)
            : type == typeof(float) ? (float)BindReal(node, key)
            : (object)BindReal(node, key);
    }

    /// <summary>The text of a value, which <see cref="Bind"/> reads back.</summary>
    public static string Write(object value) => value switch
    {
        bool truth => truth ? "true" : "false",
        Enum member => RecordShape.KeyOf(member.ToString()),
        double or float when double.IsPositiveInfinity(Convert.ToDouble(value, CultureInfo.InvariantCulture)) => ".inf",
        double number => WithPoint(number.ToString("R", CultureInfo.InvariantCulture)),
        float number => WithPoint(number.ToString("R", CultureInfo.InvariantCulture)),
        IFormattable other => other.ToString(format: null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    /// <summary>YAML 1.1 takes 1E-05 for a text and 1.0E-05 for a number.</summary>
    private static string WithPoint(string number) => number.Contains('E', StringComparison.Ordinal) && !number.Contains('.', StringComparison.Ordinal)
        ? number.Replace("E", ".0E", StringComparison.Ordinal)
        : number;

    /// <summary>Whether the type is a whole number.</summary>
    public static bool IsWhole(Type type) =>
        type == typeof(int) || type == typeof(long) || type == typeof(ulong) || type == typeof(uint);

    /// <summary>Whether the type is a number with a fraction.</summary>
    public static bool IsReal(Type type) => type == typeof(double) || type == typeof(float);

    /// <summary>The names of an enum, as they are written.</summary>
    public static IReadOnlyList<string> NamesOf(Type type) => [.. Enum.GetNames(type).Select(RecordShape.KeyOf)];

    private static object BindEnum(Type type, ScalarNode node, string key)
    {
        string wanted = node.Text.Replace('-', '_');
        string? name = Array.Find(
            Enum.GetNames(type), name => RecordShape.KeyOf(name).Equals(wanted, StringComparison.OrdinalIgnoreCase));
        return name is null
            ? throw new ConfigurationException(
                node.Position, key, $"expected {Describe(type)}, got {node.Description}; {NearestName.Advice(wanted, NamesOf(type))}")
            : Enum.Parse(type, name);
    }

    private static object BindBool(ScalarNode node, string key) =>
        True.Any(node.IsWord) || (False.Any(node.IsWord) ? false
            : throw new ConfigurationException(node.Position, key, $"expected true or false, got {node.Description}; write one of them"));

    private static object BindWhole(Type type, ScalarNode node, string key)
    {
        // 1e6 is a whole number too; 1e-30 is none, though a decimal takes it for 0.
        if (!decimal.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            || number != decimal.Truncate(number)
            || (number == 0 && double.Parse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture) != 0))
        {
            throw new ConfigurationException(
                node.Position, key, $"expected a whole number, got {node.Description}; write it in digits");
        }

        try
        {
            return Convert.ChangeType(number, type, CultureInfo.InvariantCulture);
        }
        catch (OverflowException failure)
        {
            object least = type.GetField("MinValue")!.GetValue(null)!;
            object most = type.GetField("MaxValue")!.GetValue(null)!;
            throw new ConfigurationException(
                node.Position, key, $"expected a whole number from {least} to {most}, got {node.Description}; choose one in that range", failure);
        }
    }

    private static double BindReal(ScalarNode node, string key) =>
        Infinite.Any(node.IsWord) ? double.PositiveInfinity
            : double.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) && double.IsFinite(parsed) ? parsed
            : throw new ConfigurationException(
                node.Position, key, $"expected a number, got {node.Description}; write it as 0.5 or 1e-5 (or infinity, where a limit can be off)");
}
