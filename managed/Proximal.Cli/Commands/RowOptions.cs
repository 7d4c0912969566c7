using System.CommandLine;
using System.Globalization;
using Proximal.Cli.Terminal;

namespace Proximal.Cli.Commands;

/// <summary>The options that all commands on rows share.</summary>
internal sealed class RowOptions
{
    /// <summary>How rows come and go; part of every such command's help.</summary>
    public const string Contract =
        "Rows are JSON objects, one a line, UTF-8; files may also be .json, .csv, .tsv or .parquet, or end in .gz or .zst. Standard output gets one line for each, in order, and nothing else; the "
        + "row's `id` (any JSON; null if absent) comes back. A bad row is answered {\"id\":..,\"error\":..}, the others go on, and the exit "
        + "code is 3 at the end. Blank lines are skipped, other fields ignored.";

    public Option<string> Model { get; } = new("--model", "-m")
    {
        Description = "The model: a Hugging Face folder, a .gguf file or a llama2.c .bin file.",
        HelpName = "PATH",
    };

    public Option<string> Input { get; } = new("--input", "-i")
    {
        Description = "The file of rows, or a pattern such as 'rows/*.jsonl'; - is standard input.",
        HelpName = "FILE",
        Required = true,
    };

    public Option<string?> Output { get; } = new("--output", "-o")
    {
        Description = "Write the rows to this file instead of standard output.",
        HelpName = "FILE",
    };

    public Option<string?> Tokenizer { get; } = new("--tokenizer")
    {
        Description = "The tokenizer: a folder, a tokenizer.json or a .gguf file. [default: the model's own]",
        HelpName = "PATH",
    };

    public Option<int[]?> StopTokenIds { get; } = new("--stop-token-ids")
    {
        Description = "Token ids that end a response, as in 1,2. [default: eos_token_id of generation_config.json, else of config.json, else the tokenizer's end token]",
        HelpName = "IDS",
        CustomParser = ParseIds,
    };

    public Option<int> Threads { get; } = NumberOption.Whole("--threads", "Threads to compute with; 0 chooses.", 0, 0, EngineOptions.MaxThreads);

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "No progress on standard error." };

    public void AddTo(Command command, bool model = true)
    {
        command.Add(Model);
        command.Add(Input);
        command.Add(Output);
        command.Add(Tokenizer);
        command.Add(StopTokenIds);
        if (model)
        {
            Model.Required = true;
            command.Add(Threads);
        }

        command.Add(Quiet);
    }

    /// <summary>Rows on a terminal are progress enough.</summary>
    public ProgressStyle ProgressOf(ParseResult parsed, CliHost host) =>
        parsed.GetValue(Quiet) || (host.OutputIsTerminal && parsed.GetValue(Output) is null or "-")
            ? ProgressStyle.None
            : ProgressStyle.Bar;

    private static int[]? ParseIds(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = string.Join(',', result.Tokens.Select(token => token.Value));
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                result.AddError($"--stop-token-ids: expected token ids such as 1,2, got '{text}'.");
                return null;
            }
        }

        return ids;
    }
}
