using System.CommandLine;
using System.Threading.Channels;
using Proximal.Cli.Models;
using Proximal.Cli.Rows;
using Proximal.Cli.Terminal;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal tokenize</c>: texts to token ids and back.</summary>
internal static class TokenizeCommand
{
    private const string Description =
        "Turn texts into token ids, or with --decode ids into texts.\n\n"
        + "A row holds `text` and is answered with `ids`; with --decode the other way round. Only the tokenizer is read, not the model.\n\n"
        + RowOptions.Contract;

    public static Command Create(CliHost host)
    {
        var rows = new RowOptions();
        var decode = new Option<bool>("--decode") { Description = "`ids` in, `text` out." };
        var noSpecial = new Option<bool>("--no-special")
        {
            Description = "Add no special tokens (start, end) to ids; with --decode: leave them out of the text.",
        };
        var command = new Command("tokenize", Description);
        rows.AddTo(command, model: false);
        command.Add(decode);
        command.Add(noSpecial);
        command.Validators.Add(result =>
        {
            if (result.GetResult(rows.Model) is null && result.GetResult(rows.Tokenizer) is null)
            {
                result.AddError("Option '--model' (or '--tokenizer') is required.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string? path = parsed.GetValue(rows.Model) is { } named ? ModelPath.Resolve(named, "--model") : null;
            var codec = new TextCodec(path, parsed.GetValue(rows.Tokenizer));
            codec.Require();
            using RowReader reader = RowReader.Open(parsed.GetValue(rows.Input)!, host);
            using RowWriter writer = RowWriter.Open(parsed.GetValue(rows.Output), host);
            Action<InputRow> answer = parsed.GetValue(decode)
                ? row => Decode(row, codec, writer, skipSpecial: parsed.GetValue(noSpecial))
                : row => Encode(row, codec, writer, special: !parsed.GetValue(noSpecial));
            return await Progress.RunAsync(
                host,
                rows.ProgressOf(parsed, host),
                view => RunAsync(reader, writer, answer, view, cancellation)).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        RowReader reader, RowWriter writer, Action<InputRow> answer, IProgressView view, CancellationToken cancellation)
    {
        var progress = new RowProgress(view, "tokenize", reader);
        ChannelReader<InputRow> rows = reader.Rows;
        while (await rows.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            while (rows.TryRead(out InputRow? row))
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    answer(row);
                }
                catch (RowException failure)
                {
                    writer.WriteError(row, failure.Message);
                }

                progress.Report(row, writer.Rows);
            }

            writer.Flush();
        }

        return writer.Errors > 0 ? ExitCode.Data : ExitCode.Success;
    }

    private static void Encode(InputRow row, TextCodec codec, RowWriter writer, bool special)
    {
        int[] ids = codec.Encode(row, row.Text("text"), special);
        writer.Write(row, json => json.WriteNumbers("ids", ids));
    }

    private static void Decode(InputRow row, TextCodec codec, RowWriter writer, bool skipSpecial)
    {
        string text = codec.Decode(row, row.Tokens("ids", allowEmpty: true), skipSpecial);
        writer.Write(row, json => json.WriteString("text", text));
    }
}
