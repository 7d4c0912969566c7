using System.CommandLine;
using Proximal.Data.Checking;

namespace Proximal.Cli.Commands;

/// <summary>The names of fields, for commands that read data files.</summary>
internal sealed class DataFieldArguments
{
    private readonly Option<string?> _prompt = Name("--prompt-field", "The field of the prompt.");
    private readonly Option<string?> _chosen = Name("--chosen-field", "The field of the better answer.");
    private readonly Option<string?> _rejected = Name("--rejected-field", "The field of the worse answer.");
    private readonly Option<string?> _margin = Name("--margin-field", "The field that says by how much the better one should win.");
    private readonly Option<string?> _response = Name("--response-field", "The field of the response.");
    private readonly Option<string?> _text = Name("--text-field", "The field of a text that is learned as a whole.");
    private readonly Option<string?> _messages = Name("--messages-field", "The field of a conversation, a list of messages.");
    private readonly Option<string?> _split = Name("--split-field", "The field that names the split of a row, such as train or test.");

    public void AddTo(Command command)
    {
        foreach (Option<string?> option in new[] { _prompt, _chosen, _rejected, _margin, _response, _text, _messages, _split })
        {
            command.Add(option);
        }
    }

    /// <summary>The names that were given.</summary>
    public DataFieldNames Of(ParseResult parsed) => new()
    {
        Prompt = parsed.GetValue(_prompt),
        Chosen = parsed.GetValue(_chosen),
        Rejected = parsed.GetValue(_rejected),
        Margin = parsed.GetValue(_margin),
        Response = parsed.GetValue(_response),
        Text = parsed.GetValue(_text),
        Messages = parsed.GetValue(_messages),
        Split = parsed.GetValue(_split),
    };

    private static Option<string?> Name(string name, string description)
    {
        var option = new Option<string?>(name) { Description = $"{description} [default: recognised]", HelpName = "NAME" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            {
                result.AddError($"{name}: expected the name of a field, got none.");
            }
        });
        return option;
    }
}
