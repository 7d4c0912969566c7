using System.CommandLine;
using Proximal.Configuration;
using Proximal.Configuration.Schemas;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal config explain</c>: what the keys of a YAML file mean.</summary>
internal static class ConfigExplainCommand
{
    private const string Description =
        "Explain the keys of a command's YAML file.\n\n"
        + "With a command alone: all its keys with type, default and meaning. With a key: all that is known of it. The command may be left out; "
        + "a key may be given by its end.\n\n"
        + "  proximal config explain ppo\n"
        + "  proximal config explain ppo ppo.kl.target\n"
        + "  proximal config explain rewards[].timeout_seconds\n"
        + "  proximal config explain learning_rate";

    public static Command Create(CliHost host)
    {
        var first = new Argument<string?>("COMMAND") { Description = $"The command that reads the file: {string.Join(", ", ConfigurationStage.All.Select(stage => stage.Name))}.", Arity = ArgumentArity.ZeroOrOne };
        var second = new Argument<string?>("KEY") { Description = "A key, such as ppo.kl.target.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print what is known as JSON." };
        var command = new Command("explain", Description) { first, second, json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<ExplainedKey> keys = Choose(parsed.GetValue(first), parsed.GetValue(second), out bool isWhole);
            host.Print(parsed.GetValue(json) ? ExplainedKeys.ToJson(keys) : Text(host, keys, parsed.GetValue(first), isWhole));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The keys that are asked for.</summary>
    private static IReadOnlyList<ExplainedKey> Choose(string? first, string? second, out bool isWhole)
    {
        IReadOnlyList<ConfigurationStage> stages = first is null ? []
            : second is not null ? [ConfigSchemaCommand.Find(first)]
            : ConfigurationStage.Find(first) is { } only ? [only] : ConfigurationStage.All;
        isWhole = first is null || (second is null && stages.Count == 1);
        IReadOnlyList<ExplainedKey> all = [.. stages.SelectMany(stage => ConfigurationKeys.Of(stage).Select(key => new ExplainedKey([stage.Name], key)))];
        return isWhole ? all : Find(stages, all, second ?? first!);
    }

    private static IReadOnlyList<ExplainedKey> Find(IReadOnlyList<ConfigurationStage> stages, IReadOnlyList<ExplainedKey> all, string name)
    {
        ExplainedKey[] found = [.. ConfigurationKeys.Find([.. all.Select(key => key.Key)], name)
            .Select(key => all.First(explained => ReferenceEquals(explained.Key, key)))];
        return found.Length > 0 ? ExplainedKeys.Merge(found) : throw new CommandException(ExitCode.Usage, Unknown(stages, all, name));
    }

    private static string Unknown(IReadOnlyList<ConfigurationStage> stages, IReadOnlyList<ExplainedKey> all, string name)
    {
        string where = stages.Count == 1 ? $"`proximal {stages[0].Name}`" : "no command";
        string verb = stages.Count == 1 ? $"is no key of {where}" : $"is a key of {where}";
        int names = name.Split('.').Length;
        string? nearest = NearestName.Find(name, all.Select(key => key.Key.Path).Distinct())
            ?? NearestName.Find(name, all.Select(key => string.Join('.', key.Key.Path.Split('.').TakeLast(names))).Distinct());
        string advice = nearest is not null ? $"did you mean '{nearest}'?"
            : $"see `proximal config explain {(stages.Count == 1 ? stages[0].Name : "COMMAND")}`";
        return $"'{name}' {verb}; {advice}";
    }

    private static string Text(CliHost host, IReadOnlyList<ExplainedKey> keys, string? first, bool isWhole)
    {
        var view = new ExplainView(host.OutputIsTerminal ? Console.WindowWidth : 80);
        return first is null ? view.Stages()
            : isWhole ? view.Tree(ConfigurationStage.Find(first)!, [.. keys.Select(key => key.Key)])
            : keys.Select(key => key.Key.Path).Distinct().Count() > 1 ? view.List(keys)
            : view.Details(keys);
    }
}
