namespace Proximal.Configuration;

/// <summary>Reads a YAML text into immutable option records.</summary>
/// <remarks>
/// <para>A key is the property's name in snake_case (MaxNewTokens: max_new_tokens); so is an enum's value, where a dash may
/// stand for the underscore. Keys that are left out keep the record's default. A property or constructor parameter without
/// a default is required. <c>System.Text.Json</c>'s attributes are understood: JsonIgnore (no key), JsonPropertyName (another
/// key), JsonDerivedType (a key <c>type</c> chooses the kind).</para>
/// <para><c>infinity</c> (or <c>off</c>) is a number where the record accepts infinity; <c>off</c>, <c>none</c> and
/// <c>null</c> are nothing where the property may be null.</para>
/// <para>A record with a <see cref="ConfigurationShorthandAttribute"/> may be written as a single value.</para>
/// <para>A record with a method <c>Validate()</c> is asked; an <see cref="ArgumentException"/> from it is reported at the
/// value that its parameter names.</para>
/// <para>Relative paths (<see cref="ConfigurationPathAttribute"/>) start at the YAML file's folder, those of overrides at
/// the current folder.</para>
/// </remarks>
public static class ConfigurationBinder
{
    /// <summary>Reads a file.</summary>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Each as <c>a.b[0].c=value</c>, applied in order; the value is YAML.</param>
    /// <exception cref="ConfigurationException">Something is wrong with the file, an override or a value.</exception>
    public static T Bind<T>(string path, IEnumerable<string>? overrides = null)
        where T : class
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return BindRoot<T>(YamlReader.ReadFile(path), overrides);
    }

    /// <summary>Reads a text.</summary>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="yaml">The YAML text.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="directory">Relative paths start here; <see langword="null"/>: the current folder.</param>
    /// <param name="overrides">Each as <c>a.b[0].c=value</c>, applied in order; the value is YAML.</param>
    /// <exception cref="ConfigurationException">Something is wrong with the text, an override or a value.</exception>
    public static T Parse<T>(
        string yaml, string name = "configuration", string? directory = null, IEnumerable<string>? overrides = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var source = new ConfigurationSource(name, directory ?? Directory.GetCurrentDirectory(), IsOverride: false);
        return BindRoot<T>(YamlReader.Read(yaml, source), overrides);
    }

    private static T BindRoot<T>(ConfigurationNode root, IEnumerable<string>? overrides)
    {
        // An empty document is a scalar without text.
        root = root is ScalarNode { IsNull: true } ? new MappingNode(root.Position, []) : root;
        ConfigurationNode full = (overrides ?? []).Aggregate(root, ConfigurationOverride.Apply);
        return (T)ValueBinder.Bind(typeof(T), isNullable: false, isPath: false, full, string.Empty)!;
    }
}
