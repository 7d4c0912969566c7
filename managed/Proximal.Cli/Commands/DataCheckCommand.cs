using System.CommandLine;
using System.Text;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal data check</c>: what a data file is like and what is wrong with it.</summary>
internal static class DataCheckCommand
{
    private const string Description =
        "Say what data are, what their texts are like and what is wrong with them, with file, row, field and fix.\n\n"
        + "PATH is a file or a pattern such as 'data/*.jsonl.zst': .jsonl, .ndjson, .json, .csv, .tsv or .parquet rows, compressed or not, or .txt with a prompt a line. "
        + "The rows are preference pairs, prompts with responses, judged answers, texts or prompts, as TRL, LLaMA-Factory (alpaca, sharegpt), HH, DeepSpeed-Chat, OpenRLHF or verl "
        + "have them. Several files are checked together as splits of the same data; in one file a field `split` tells them apart. Of a folder every file is checked on its "
        + "own, but shards and splits of the same data together, and what is no data is listed.\n\n"
        + "Of all: rows, prompts and splits; lengths; empty fields, duplicates, prompts in two splits; how varied the words are. Of preference pairs too: "
        + "identical answers, pairs that say the opposite of others, ties, and how often the longer answer, or the words alone, tell which one was chosen: "
        + "what they tell, a reward model can learn instead of what was meant. --fix writes a copy without the rows that are wrong.\n\n"
        + "Errors are what a run refuses or what makes its figures wrong, warnings the rest. Exit codes: 0 no errors, 3 errors (with --strict also warnings) "
        + "or a file that cannot be read. Examples:\n"
        + "  proximal data check pairs.jsonl --model MODEL --max-tokens 512\n"
        + "  proximal data check data/ --html data.html\n"
        + "  proximal data check pairs.jsonl --fix clean.jsonl";

    public static Command Create(CliHost host)
    {
        var files = new Argument<string[]>("PATH") { Description = "The data: a folder, or files.", Arity = ArgumentArity.OneOrMore };
        var fields = new DataFieldArguments();
        var form = new DataFormArguments();
        var model = new Option<string?>("--model", "-m") { Description = "Count tokens as this model gets them: a Hugging Face folder or a .gguf file.", HelpName = "PATH" };
        Option<int> maxTokens = NumberOption.Whole("--max-tokens", "The most tokens of a sequence; 0: the model's context.", 0, 0, int.MaxValue);
        var template = new Option<string?>("--chat-template")
        {
            Description = "Write rows of messages by this Jinja file. [default: the model's own]",
            HelpName = "FILE",
        };
        var separator = new Option<string>("--separator")
        {
            Description = "What stands between prompt and answer, as in the run. [default: nothing]",
            HelpName = "TEXT",
            DefaultValueFactory = _ => string.Empty,
        };
        var noEnd = new Option<bool>("--no-end") { Description = "No end token stands behind an answer (append_end: false)." };
        var vocabulary = new Option<string?>("--vocabulary")
        {
            Description = "Tell which share of the words occur in this file: a text, or .json or .jsonl with strings.",
            HelpName = "FILE",
        };
        Option<int> problems = NumberOption.Whole("--problems", "Tell so many problems of each kind; all are counted.", 10, 0, int.MaxValue);
        var fix = new Option<string?>("--fix")
        {
            Description = "Write a copy without the rows that are wrong, as JSON lines: a .jsonl file (also .gz or .zst behind), or of several files a folder. Nothing may be there yet.",
            HelpName = "PATH",
        };
        var html = new Option<string?>("--html") { Description = "Write the report as a page, too.", HelpName = "FILE" };
        var strict = new Option<bool>("--strict") { Description = "Warnings count as errors for the exit code." };
        var json = new Option<bool>("--json") { Description = "Print the report as one JSON object." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error." };
        var command = new Command("check", Description) { files };
        form.AddTo(command);
        fields.AddTo(command);
        foreach (Option option in new Option[] { model, template, maxTokens, separator, noEnd, vocabulary, problems, fix, html, strict, json, quiet })
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(model) is null
                && new Option[] { template, maxTokens, separator, noEnd }.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } useless)
            {
                result.AddError($"{useless.Name} speaks of tokens: give --model too.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string? path = parsed.GetValue(model);
            Tokenizer? tokenizer = path is null ? null : Load(path);
            DataCheckOptions options = form.Of(parsed, new DataCheckOptions
            {
                Fields = fields.Of(parsed),
                Tokenizer = tokenizer,
                Chat = tokenizer is null ? null : RunChat.Find(needed: true, parsed.GetValue(template), path!, tokenizer, TimeProvider.System.GetLocalNow()),
                Limits = tokenizer is null ? null : Limits(path!, tokenizer, parsed.GetValue(maxTokens), parsed.GetValue(separator)!, !parsed.GetValue(noEnd)),
                Vocabulary = parsed.GetValue(vocabulary),
                MostProblems = parsed.GetValue(problems),
            });
            var work = new DataCheckWork(parsed.GetValue(files)!, options, parsed.GetValue(fix));
            await Progress.RunAsync(
                host,
                parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar,
                view => Task.Run(() => work.Run(new SynchronousProgress<long>(rows => view.Report(rows, null, $"{rows} rows checked")), cancellation), cancellation)).ConfigureAwait(false);
            host.Print(parsed.GetValue(json) ? work.Json : Text(host, work));
            if (parsed.GetValue(html) is { } page)
            {
                work.WritePage(page);
            }

            return work.Errors > 0 || (parsed.GetValue(strict) && work.Warnings > 0) ? ExitCode.Data : ExitCode.Success;
        });
        return command;
    }

    private static Tokenizer Load(string path) => Tokenizer.Load(ModelPath.Resolve(path, "--model"));

    private static SequenceLimits? Limits(string path, Tokenizer tokenizer, int maxTokens, string separator, bool end)
    {
        if (end && tokenizer.EosTokenId is null)
        {
            throw new CommandException(ExitCode.Data, $"--model {path}: its tokenizer names no end token; give --no-end, as the run needs append_end: false");
        }

        long most = maxTokens > 0 ? maxTokens : ContextOf(path);
        return most >= 2
            ? new SequenceLimits { MaxTokens = (int)Math.Min(most, int.MaxValue), EndToken = end ? tokenizer.EosTokenId : null, Separator = separator }
            : throw new CommandException(ExitCode.Usage, $"--max-tokens {most}: expected at least 2, or 0 for the model's context");
    }

    private static long ContextOf(string path) => ModelSummary.Read(path).Size(nameof(ModelInfo.ContextLength))
        ?? throw new CommandException(ExitCode.Data, $"--model {path}: its files name no context length; give --max-tokens");

    private static string Text(CliHost host, DataCheckWork work)
    {
        var text = new StringBuilder();
        foreach (DataReport report in work.Reports)
        {
            text.Append(text.Length > 0 ? "\n\n" : string.Empty);
            text.Append(Text(host, report));
        }

        Append(text, work.PassedOver.Select(file => $"passed over: {file.File}: {file.Reason}"));
        Append(text, work.Copies);
        return text.ToString();
    }

    private static string Text(CliHost host, DataReport report)
    {
        var text = new StringBuilder();
        Append(text, DataReportText.Summary(report));
        AppendTable(text, host, DataReportText.LengthHeader, DataReportText.Lengths(report));
        AppendTable(text, host, DataReportText.VarietyHeader(report), DataReportText.Variety(report));
        AppendTable(text, host, DataReportText.RuleHeader, DataReportText.Rules(report));
        Append(text, DataReportText.TellingWords(report));
        Append(text, DataReportText.Problems(report));
        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<string> lines)
    {
        string block = string.Concat(lines.Select(line => line + "\n"));
        text.Append(text.Length > 0 && block.Length > 0 ? "\n" : string.Empty).Append(block);
    }

    private static void AppendTable(StringBuilder text, CliHost host, IReadOnlyList<string> header, IReadOnlyList<IReadOnlyList<string>> rows) =>
        Append(text, rows.Count == 0 ? [] : [TextTable.Render(host, header, rows).TrimEnd('\n')]);
}
