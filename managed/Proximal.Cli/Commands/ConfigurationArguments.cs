using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proximal.Configuration;

namespace Proximal.Cli.Commands;

/// <summary>A YAML file, options that are shorthand for its keys, and --set, the later over the earlier.</summary>
internal sealed class ConfigurationArguments
{
    private static readonly JsonSerializerOptions Quoted = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<(Option Option, string Key, Func<ParseResult, string?> Value)> _shorthands = [];

    public Option<string?> File { get; } = new("--config", "-c") { Description = "A YAML file with the options.", HelpName = "FILE" };

    public Option<string[]> Overrides { get; } = new("--set")
    {
        Description = "Replace a value, as in --set evaluation.samples=8 (the value is YAML). May be repeated.",
        HelpName = "KEY=VALUE",
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    /// <summary>An option whose text is the value of a key.</summary>
    public Option<string?> Text(string name, string key, string helpName, string description) =>
        Add(new Option<string?>(name) { Description = description, HelpName = helpName }, key, text => text is null ? null : Quote(text));

    /// <summary>An option that stands for a key in its own way.</summary>
    public Option<T> Add<T>(Option<T> option, string key, Func<T?, string?> value)
    {
        _shorthands.Add((option, key, parsed => parsed.GetResult(option) is { Implicit: false } ? value(parsed.GetValue(option)) : null));
        return option;
    }

    /// <summary>Adds all options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach ((Option option, _, _) in _shorthands)
        {
            command.Add(option);
        }

        command.Add(File);
        command.Add(Overrides);
    }

    /// <summary>The options as a record.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="first">Overrides that all others replace.</param>
    public T Bind<T>(ParseResult parsed, params string[] first)
        where T : class
    {
        string[] overrides =
        [
            .. first,
            .. _shorthands.Select(shorthand => (shorthand.Key, Value: shorthand.Value(parsed)))
                .Where(pair => pair.Value is not null)
                .Select(pair => $"{pair.Key}={pair.Value}"),
            .. parsed.GetValue(Overrides) ?? [],
        ];
        return parsed.GetValue(File) is { } file
            ? ConfigurationBinder.Bind<T>(file, overrides)
            : ConfigurationBinder.Parse<T>(string.Empty, "command line", directory: null, overrides);
    }

    /// <summary>A text as a YAML value.</summary>
    public static string Quote(string text) => JsonSerializer.Serialize(text, Quoted);
}
