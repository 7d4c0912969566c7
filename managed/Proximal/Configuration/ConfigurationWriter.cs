using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Proximal.Configuration;

/// <summary>Writes a record as the YAML text that <see cref="ConfigurationBinder"/> reads back, defaults included.</summary>
public static partial class ConfigurationWriter
{
    /// <summary>The kind of what no file can express, such as a reward that is a delegate; reading it back is refused.</summary>
    private const string SetByProgram = "set_by_program";

    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a record.</summary>
    /// <param name="options">The record.</param>
    /// <param name="resolve">Turns its paths into those to write; <see langword="null"/>: as they are.</param>
    /// <returns>A YAML text that ends in a line feed.</returns>
    public static string Write(object options, Func<string, string>? resolve = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var text = new StringBuilder();
        WriteRecord(new Target(text, resolve ?? (path => path)), options.GetType(), options, indent: 0);
        return text.ToString();
    }

    /// <summary>Writes a single value, nothing, or a list or mapping of them, on one line.</summary>
    internal static string WriteInline(object? value) => value switch
    {
        null => "null",
        string word => Quote(word),
        IDictionary mapping => $"{{{string.Join(", ", mapping.Keys.Cast<string>().Select(key => $"{Quote(key)}: {WriteInline(mapping[key])}"))}}}",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(WriteInline))}]",
        _ => ScalarBinder.Write(value),
    };

    private static void WriteRecord(Target target, Type declared, object record, int indent)
    {
        IEnumerable<RecordMember> members = RecordShape.Of(record.GetType()).Members;
        if (RecordVariants.Of(declared) is { } variants)
        {
            string? name = variants.Types.FirstOrDefault(kind => kind.Value == record.GetType()).Key;
            WriteEntry(target, variants.Discriminator, typeof(string), name ?? SetByProgram, indent);
            members = name is null ? members.Where(member => member.Property?.DeclaringType == declared) : members;
        }

        foreach (RecordMember member in members)
        {
            if (member.Property is { } property)
            {
                object? value = property.GetValue(record);
                WriteEntry(target, member.Key, member.Type, member.IsPath ? Resolved(value, target) : value, indent);
            }
        }
    }

    private static object? Resolved(object? paths, Target target) => paths switch
    {
        string path => target.Resolve(path),
        IEnumerable<string> many => many.Select(target.Resolve).ToArray(),
        IEnumerable<KeyValuePair<string, string>> named => named.ToDictionary(pair => pair.Key, pair => target.Resolve(pair.Value)),
        _ => paths,
    };

    private static void WriteEntry(Target target, string key, Type type, object? value, int indent)
    {
        target.Text.Append(' ', indent).Append(Quote(key)).Append(':');
        WriteValue(target, type, value, indent);
    }

    /// <summary>Writes what follows a colon: on the same line, or indented below it.</summary>
    private static void WriteValue(Target target, Type type, object? value, int indent)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (value is null)
        {
            target.Text.Append(" null\n");
        }
        else if (ScalarBinder.Handles(bare))
        {
            target.Text.Append(' ').Append(WriteInline(value)).Append('\n');
        }
        else if (ListTypes.ItemOf(bare) is { } item)
        {
            WriteList(target, item, (IEnumerable)value, indent);
        }
        else if (ListTypes.ValueOf(bare) is { } entry)
        {
            WriteDictionary(target, entry, (IEnumerable)value, indent);
        }
        else
        {
            int start = target.Text.Length;
            target.Text.Append('\n');
            WriteRecord(target, bare, value, indent + 2);
            if (target.Text.Length == start + 1)
            {
                target.Text.Length = start;
                target.Text.Append(" {}\n");
            }
        }
    }

    private static void WriteList(Target target, Type item, IEnumerable values, int indent)
    {
        object?[] items = [.. values.Cast<object?>()];
        if (items.Length == 0)
        {
            target.Text.Append(" []\n");
            return;
        }

        target.Text.Append('\n');
        foreach (object? value in items)
        {
            target.Text.Append(' ', indent + 2).Append('-');
            int start = target.Text.Length;
            WriteValue(target, item, value, indent + 2);
            if (target.Text[start] == '\n')
            {
                // A record below a dash: its first key stands on the dash's line.
                target.Text.Remove(start, 1 + indent + 2 + 1);
            }
        }
    }

    private static void WriteDictionary(Target target, Type type, IEnumerable values, int indent)
    {
        int start = target.Text.Length;
        target.Text.Append('\n');
        foreach (object entry in values)
        {
            string key = (string)entry.GetType().GetProperty("Key")!.GetValue(entry)!;
            WriteEntry(target, key, type, entry.GetType().GetProperty("Value")!.GetValue(entry), indent + 2);
        }

        if (target.Text.Length == start + 1)
        {
            target.Text.Length = start;
            target.Text.Append(" {}\n");
        }
    }

    /// <summary>A JSON text is a YAML text, so whatever could be read as something else is written as one.</summary>
    private static string Quote(string word) =>
        PlainPattern().IsMatch(word) && !ReservedPattern().IsMatch(word) ? word : JsonSerializer.Serialize(word, Quoting);

    [GeneratedRegex(@"^[A-Za-z_/][\w./-]*\z", RegexOptions.ECMAScript)]
    private static partial Regex PlainPattern();

    [GeneratedRegex(@"^(true|false|yes|no|on|off|null|none|y|n|inf|infinity|nan)\z", RegexOptions.IgnoreCase)]
    private static partial Regex ReservedPattern();

    private sealed record Target(StringBuilder Text, Func<string, string> Resolve);
}
