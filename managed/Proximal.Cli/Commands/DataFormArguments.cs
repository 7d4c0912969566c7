using System.CommandLine;
using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Data.Formats;

namespace Proximal.Cli.Commands;

/// <summary>Whose form rows have, for commands that read data files: as the keys format, dataset and apply_chat_template of a run.</summary>
internal sealed class DataFormArguments
{
    private readonly Option<string?> _format;
    private readonly Option<string?> _dataset = new("--dataset")
    {
        Description = "The name of a data set in a dataset_info.json of LLaMA-Factory, which PATH leads to.",
        HelpName = "NAME",
    };

    private readonly Option<bool?> _template = new("--apply-chat-template")
    {
        Description = "Whether texts become messages, as in the run: true or false. [default: those of alpaca do]",
        HelpName = "BOOL",
    };

    public DataFormArguments()
    {
        _format = new Option<string?>("--format") { Description = $"Whose form the rows have: {string.Join(", ", Names.Skip(1))}. [default: recognised]", HelpName = "NAME" };
        _format.AcceptOnlyFromAmong(Names);
    }

    private static string[] Names => [.. Enum.GetValues<DataFormat>().Select(LayoutRecognition.NameOf)];

    public void AddTo(Command command)
    {
        command.Add(_format);
        command.Add(_dataset);
        command.Add(_template);
    }

    /// <summary>The options with what was given.</summary>
    public DataCheckOptions Of(ParseResult parsed, DataCheckOptions options) => options with
    {
        Format = parsed.GetValue(_format) is { } name ? Enum.GetValues<DataFormat>()[Array.IndexOf(Names, name)] : DataFormat.Auto,
        Dataset = parsed.GetValue(_dataset),
        ApplyChatTemplate = parsed.GetValue(_template),
    };
}
