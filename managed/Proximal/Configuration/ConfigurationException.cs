namespace Proximal.Configuration;

/// <summary>A configuration cannot be used. The message reads <c>file:line:column: key: what; fix</c>.</summary>
public sealed class ConfigurationException : Exception
{
    internal ConfigurationException(ConfigurationPosition position, string key, string text, Exception? inner = null)
        : base(key.Length == 0 ? $"{position}: {text}" : $"{position}: {key}: {text}", inner)
    {
        File = position.Source.Name;
        Line = position.Line;
        Column = position.Column;
        Key = key;
        IsOverride = position.Source.IsOverride;
    }

    /// <summary>The file as it was named, or the override.</summary>
    public string File { get; }

    /// <summary>The line in the file, from 1; 0 when the whole file or an override is meant.</summary>
    public long Line { get; }

    /// <summary>The column in the line, from 1; 0 when the whole file or an override is meant.</summary>
    public long Column { get; }

    /// <summary>The key, as in <c>rewards[0].weight</c>; empty when the text as a whole is meant.</summary>
    public string Key { get; }

    /// <summary>The mistake is in an override of the command line, not in the file.</summary>
    public bool IsOverride { get; }
}
