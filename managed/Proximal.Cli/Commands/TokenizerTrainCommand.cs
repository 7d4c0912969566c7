using System.CommandLine;
using System.Globalization;
using Proximal.Cli.Terminal;
using Proximal.Internal;
using Proximal.Tokenization;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal tokenizer train</c>: a byte-level BPE tokenizer from text.</summary>
internal static class TokenizerTrainCommand
{
    private const string Description =
        "Train a byte-level BPE tokenizer on text and write tokenizer.json and tokenizer_config.json.\n\n"
        + "TEXT is files or folders; of a folder every .txt, .md, .jsonl, .ndjson and .json file is read, at any depth. JSON rows hold their text in "
        + "--field; any other file is text in UTF-8, each line a text of its own unless --whole-files is given.\n\n"
        + "The merges are those that Hugging Face's trainer finds on the same texts, whatever the order of files and the number of threads. Ids: special "
        + "tokens in the order given, the 256 bytes, the merges. Special tokens in the text count as text.\n\n"
        + "The last line of standard output is the folder. Example:\n"
        + "  proximal tokenizer train stories/ -o model --vocab-size 4096 --special-tokens '<|user|>' '<|assistant|>'";

    private static readonly Dictionary<string, TokenizerSplit> Splits = new(StringComparer.Ordinal)
    {
        ["gpt2"] = TokenizerSplit.Gpt2,
        ["llama3"] = TokenizerSplit.Llama3,
        ["qwen2"] = TokenizerSplit.Qwen2,
        ["smollm"] = TokenizerSplit.SmolLm,
    };

    public static Command Create(CliHost host)
    {
        var text = new Argument<string[]>("TEXT") { Description = "Files and folders.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The folder to write to.", HelpName = "DIR", Required = true };
        Option<int> size = NumberOption.Whole(
            "--vocab-size", "Tokens in all: special tokens, 256 bytes, merges.", 0, TokenizerTrainerOptions.Bytes, 10_000_000);
        size.DefaultValueFactory = null;
        size.Required = true;
        Option<int> minFrequency = NumberOption.Whole("--min-frequency", "Pairs that occur less often are not merged.", 2, 1, int.MaxValue);
        var special = new Option<string[]>("--special-tokens")
        {
            Description = "Tokens that stand for themselves, in the order of their ids. --bos, --eos and --pad follow unless they are among them.",
            HelpName = "TOKEN",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var bos = new Option<string?>("--bos") { Description = "The token that begins a sequence. [default: none]", HelpName = "TOKEN" };
        var eos = new Option<string>("--eos")
        {
            Description = "The token that ends a sequence. [default: <|endoftext|>]",
            HelpName = "TOKEN",
            DefaultValueFactory = _ => "<|endoftext|>",
        };
        var noEos = new Option<bool>("--no-eos") { Description = "No token ends a sequence." };
        var pad = new Option<string?>("--pad") { Description = "The token that fills rows up. [default: none]", HelpName = "TOKEN" };
        var addBos = new Option<bool>("--add-bos") { Description = "Encoding puts the begin token before every text." };
        var split = new Option<TokenizerSplit>("--split")
        {
            Description = $"How text is divided into words: as {string.Join(", ", Splits.Keys)} do. [default: gpt2]",
            HelpName = "NAME",
            CustomParser = result =>
            {
                if (!Splits.TryGetValue(result.Tokens[0].Value, out TokenizerSplit value))
                {
                    result.AddError($"--split: expected {string.Join(", ", Splits.Keys)}, got '{result.Tokens[0].Value}'; an expression goes to --split-regex.");
                }

                return value;
            },
        };
        var splitRegex = new Option<string?>("--split-regex")
        {
            Description = "A regular expression whose matches are words, instead of --split.",
            HelpName = "REGEX",
        };
        var field = new Option<string>("--field")
        {
            Description = "The field of JSON rows that holds their text. [default: text]",
            HelpName = "NAME",
            DefaultValueFactory = _ => "text",
        };
        var whole = new Option<bool>("--whole-files") { Description = "A text file is one text: runs of line ends can become tokens." };
        Option<int> threads = NumberOption.Whole("--threads", "Threads to count words with; 0: one a core.", 0, 0, EngineOptions.MaxThreads);
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a tokenizer that is in the folder." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error." };
        var command = new Command("train", Description)
        {
            text, output, size, minFrequency, special, bos, eos, noEos, pad, addBos, split, splitRegex, field, whole, threads, overwrite, quiet,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string folder = parsed.GetValue(output)!;
            RequireFree(folder, parsed.GetValue(overwrite));
            var trainer = new TokenizerTrainer(new TokenizerTrainerOptions
            {
                VocabularySize = parsed.GetValue(size),
                MinFrequency = parsed.GetValue(minFrequency),
                SpecialTokens = parsed.GetValue(special)!,
                BosToken = parsed.GetValue(bos),
                EosToken = parsed.GetValue(noEos) ? null : parsed.GetValue(eos),
                PadToken = parsed.GetValue(pad),
                AddBosToken = parsed.GetValue(addBos),
                Split = parsed.GetValue(split),
                SplitExpression = parsed.GetValue(splitRegex),
                Threads = parsed.GetValue(threads),
            });
            TrainedTokenizer trained = await Progress.RunAsync(
                host,
                parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar,
                view => Task.Run(() => Train(
                    trainer,
                    parsed.GetValue(text)!,
                    new TextFileOptions { Field = parsed.GetValue(field)!, WholeFiles = parsed.GetValue(whole) },
                    view,
                    cancellation))).ConfigureAwait(false);
            trained.Save(folder);
            Tell(host, trainer, trained, parsed.GetValue(size), parsed.GetValue(minFrequency));
            host.Print(folder + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    private static void RequireFree(string folder, bool overwrite)
    {
        if (!overwrite && Tokenizer.IsAt(folder))
        {
            throw new CommandException(ExitCode.Usage, $"--output {folder}: there is a tokenizer already; name another folder, or give --overwrite");
        }
    }

    private static TrainedTokenizer Train(
        TokenizerTrainer trainer, string[] paths, TextFileOptions text, IProgressView view, CancellationToken cancellation)
    {
        var progress = new SynchronousProgress<TokenizerTrainingProgress>(step =>
        {
            lock (view)
            {
                view.Report(step.Done, step.Total, step.Phase == TokenizerTrainingPhase.Counting ? "counting words" : "merging");
            }
        });
        trainer.AddFiles(paths, text, progress, cancellation);
        return trainer.Train(progress, cancellation);
    }

    private static void Tell(CliHost host, TokenizerTrainer trainer, TrainedTokenizer trained, int wanted, int minFrequency)
    {
        host.Log(string.Create(
            CultureInfo.InvariantCulture,
            $"{trainer.DistinctWords} different words, {trained.Merges.Count} merges, {trained.VocabularySize} tokens"));
        if (trained.VocabularySize < wanted)
        {
            host.Log($"warning: fewer than the {wanted} tokens asked for: no other pair occurs {minFrequency} times; give more text, or a lower --min-frequency");
        }
    }
}
