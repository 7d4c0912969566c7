using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Proximal.Configuration;

/// <summary>Writes a record as the YAML text that <see cref="ConfigurationBinder"/> reads back, defaults included.</summary>
public static partial class ConfigurationWriter
{
    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a record.</summary>
    /// <param name="options">The record.</param>
    /// <returns>A YAML text that ends in a line feed.</returns>
    public static string Write(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var text = new StringBuilder();
        WriteRecord(text, options.GetType(), options, indent: 0);
        return text.ToString();
    }

    private static void WriteRecord(StringBuilder text, Type declared, object record, int indent)
    {
        if (RecordVariants.Of(declared) is { } variants)
        {
            string name = variants.Types.First(kind => kind.Value == record.GetType()).Key;
            WriteEntry(text, variants.Discriminator, typeof(string), name, indent);
        }

        foreach (RecordMember member in RecordShape.Of(record.GetType()).Members)
        {
            if (member.Property is { } property)
            {
                WriteEntry(text, member.Key, member.Type, property.GetValue(record), indent);
            }
        }
    }

    private static void WriteEntry(StringBuilder text, string key, Type type, object? value, int indent)
    {
        text.Append(' ', indent).Append(Quote(key)).Append(':');
        WriteValue(text, type, value, indent);
    }

    /// <summary>Writes what follows a colon: on the same line, or indented below it.</summary>
    private static void WriteValue(StringBuilder text, Type type, object? value, int indent)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (value is null)
        {
            text.Append(" null\n");
        }
        else if (ScalarBinder.Handles(bare))
        {
            text.Append(' ').Append(value is string word ? Quote(word) : ScalarBinder.Write(value)).Append('\n');
        }
        else if (ListTypes.ItemOf(bare) is { } item)
        {
            WriteList(text, item, (IEnumerable)value, indent);
        }
        else if (ListTypes.ValueOf(bare) is { } entry)
        {
            WriteDictionary(text, entry, (IEnumerable)value, indent);
        }
        else
        {
            int start = text.Length;
            text.Append('\n');
            WriteRecord(text, bare, value, indent + 2);
            if (text.Length == start + 1)
            {
                text.Length = start;
                text.Append(" {}\n");
            }
        }
    }

    private static void WriteList(StringBuilder text, Type item, IEnumerable values, int indent)
    {
        object?[] items = [.. values.Cast<object?>()];
        if (items.Length == 0)
        {
            text.Append(" []\n");
            return;
        }

        text.Append('\n');
        foreach (object? value in items)
        {
            text.Append(' ', indent + 2).Append('-');
            WriteValue(text, item, value, indent + 2);
        }
    }

    private static void WriteDictionary(StringBuilder text, Type type, IEnumerable values, int indent)
    {
        int start = text.Length;
        text.Append('\n');
        foreach (object entry in values)
        {
            string key = (string)entry.GetType().GetProperty("Key")!.GetValue(entry)!;
            WriteEntry(text, key, type, entry.GetType().GetProperty("Value")!.GetValue(entry), indent + 2);
        }

        if (text.Length == start + 1)
        {
            text.Length = start;
            text.Append(" {}\n");
        }
    }

    /// <summary>A JSON text is a YAML text, so whatever could be read as something else is written as one.</summary>
    private static string Quote(string word) =>
        PlainPattern().IsMatch(word) && !ReservedPattern().IsMatch(word) ? word : JsonSerializer.Serialize(word, Quoting);

    [GeneratedRegex(@"^[A-Za-z_/][\w./-]*\z", RegexOptions.ECMAScript)]
    private static partial Regex PlainPattern();

    [GeneratedRegex(@"^(true|false|yes|no|on|off|null|none|y|n|inf|infinity|nan)\z", RegexOptions.IgnoreCase)]
    private static partial Regex ReservedPattern();
}
