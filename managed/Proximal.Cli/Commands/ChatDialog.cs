using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Proximal.ChatTemplates;
using Proximal.Cli.Models;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace Proximal.Cli.Commands;

/// <summary>The turns of a conversation: a line in, an answer out.</summary>
internal sealed class ChatDialog(
    CliHost host, Generator generator, TextCodec codec, SampleSettings settings, IReadOnlyList<int> stopTokens, string? system)
{
    private const string Prompt = "> ";
    private const string Commands = "/reset begins anew, /quit ends, /help says this; Ctrl-C ends an answer, at the prompt the program";
    private readonly Channel<string> _lines = Channel.CreateBounded<string>(1);
    private JsonArray _messages = [];
    private ulong _turn;
    private bool _failed;

    /// <summary>Answers line after line.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        Reset();
        new Thread(() => ReadLines(cancellation)) { IsBackground = true, Name = "chat input" }.Start();
        if (IsTerminal)
        {
            host.Log(Commands);
        }

        while (await ReadAsync(cancellation).ConfigureAwait(false) is { } line && line.Trim() != "/quit")
        {
            await TakeAsync(line, cancellation).ConfigureAwait(false);
        }

        return _failed ? ExitCode.Data : ExitCode.Success;
    }

    private bool IsTerminal => host.OutputIsTerminal && host.ErrorIsTerminal;

    private Task TakeAsync(string line, CancellationToken cancellation)
    {
        switch (line.Trim())
        {
            case "":
                break;
            case "/reset":
                Reset();
                break;
            case "/help":
                host.Log(Commands);
                break;
            case ['/', ..] command:
                host.Log($"{command} is no command: {Commands}");
                break;
            default:
                return AnswerAsync(line, cancellation);
        }

        return Task.CompletedTask;
    }

    /// <summary>The next line; <see langword="null"/>: there is none. The prompt's line is ended where the user has not ended it.</summary>
    private async Task<string?> ReadAsync(CancellationToken cancellation)
    {
        ShowPrompt();
        string? line = null;
        try
        {
            return line = await _lines.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false) && _lines.Reader.TryRead(out string? next) ? next : null;
        }
        finally
        {
            if (line is null && IsTerminal)
            {
                host.Log(string.Empty);
            }
        }
    }

    private void Reset() => _messages = system is null ? [] : [Message("system", system)];

    private void ShowPrompt()
    {
        if (IsTerminal)
        {
            host.Error.Write(Prompt);
        }
    }

    /// <summary>A read of the terminal cannot be cancelled, so it has a thread of its own.</summary>
    private void ReadLines(CancellationToken cancellation)
    {
        try
        {
            using var reader = new StreamReader(host.Input, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, leaveOpen: true);
            while (reader.ReadLine() is { } line)
            {
                _lines.Writer.WriteAsync(line, cancellation).AsTask().GetAwaiter().GetResult();
            }

            _lines.Writer.TryComplete();
        }
        catch (Exception failure)
        {
            // The reader of the channel sees it; nothing may escape a thread.
            _lines.Writer.TryComplete(failure is OperationCanceledException or ObjectDisposedException ? null : failure);
        }
    }

    private async Task AnswerAsync(string line, CancellationToken cancellation)
    {
        _messages.Add(Message("user", line));
        int[]? prompt = EncodeOrExplain();
        if (prompt is null)
        {
            _messages.RemoveAt(_messages.Count - 1);
            _failed = true;
            return;
        }

        string answer = await StreamAsync(prompt, cancellation).ConfigureAwait(false);
        host.Print("\n");
        if (answer.Length > 0)
        {
            _messages.Add(Message("assistant", answer));
        }
        else
        {
            // Ended before its first word: a question that was never answered is no part of the conversation.
            _messages.RemoveAt(_messages.Count - 1);
        }
    }

    private int[]? EncodeOrExplain()
    {
        try
        {
            int[] prompt = codec.Chat!.Encode(new ChatRequest
            {
                Messages = JsonSerializer.SerializeToElement(_messages),
                AddGenerationPrompt = true,
            });
            int context = generator.Model.Info.ContextLength;
            if (prompt.Length < context)
            {
                return prompt;
            }

            host.Log($"the conversation has {prompt.Length} tokens, the model's context {context}: /reset begins anew");
        }
        catch (ChatTemplateException failure)
        {
            host.Log($"the model's chat template refuses the conversation: {failure.Message}");
        }

        return null;
    }

    /// <summary>Prints the answer as it comes; an interrupted one counts as far as it came.</summary>
    private async Task<string> StreamAsync(int[] prompt, CancellationToken cancellation)
    {
        using var answering = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        host.TakeInterrupt(answering.Cancel);
        var request = new GenerationRequest
        {
            SampleId = _turn++,
            Prompt = prompt,
            MaxNewTokens = settings.MaxNewTokens,
            Sampling = settings.Sampling,
            StopTokens = stopTokens,
        };
        StreamingDecoder decoder = codec.Tokenizer!.CreateDecodeStream();
        var answer = new StringBuilder();
        int tokens = 0;
        bool stopped = false;
        try
        {
            await foreach (GeneratedToken token in generator.StreamAsync(request, answering.Token).ConfigureAwait(false))
            {
                tokens++;
                stopped |= stopTokens.Contains(token.Token);
                Show(stopTokens.Contains(token.Token) ? null : decoder.Add(token.Token), answer);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // What has come so far is the answer.
            stopped = true;
        }
        finally
        {
            host.TakeInterrupt(null);
        }

        Show(decoder.Finish(), answer);
        if (!stopped && IsTerminal)
        {
            host.Error.Write($" [cut at {tokens} tokens; --max-new-tokens]");
        }

        return answer.ToString();
    }

    private void Show(string? part, StringBuilder answer)
    {
        if (part is not null)
        {
            answer.Append(part);
            host.Print(part);
        }
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
