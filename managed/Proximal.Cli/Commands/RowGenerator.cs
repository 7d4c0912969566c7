using System.Text.Json;
using System.Threading.Channels;
using Proximal.Cli.Models;
using Proximal.Cli.Rows;
using Proximal.Cli.Terminal;
using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary>Keeps the generator busy with the rows that come, and answers in order.</summary>
internal sealed class RowGenerator(
    Generator generator, TextCodec codec, RowWriter writer, SampleSettings settings, IReadOnlyList<int> stopTokens)
{
    /// <summary>Samples under way or waiting: enough to fill the batch behind a row that takes long.</summary>
    private const int Window = 512;

    private static readonly string[] Forms = ["tokens", "prompt", "messages"];

    private readonly Queue<GenerateRow> _pending = new();
    private long _tokens;

    /// <summary>Answers every row.</summary>
    public async Task<int> RunAsync(RowReader reader, IProgressView view, CancellationToken cancellation)
    {
        var progress = new RowProgress(view, "generate", reader);
        ChannelReader<InputRow> rows = reader.Rows;
        bool open = true;
        while (open || _pending.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            while (HasRoom && rows.TryRead(out InputRow? row))
            {
                _pending.Enqueue(Submit(row, cancellation));
            }

            if (await AnswerFinishedAsync(progress).ConfigureAwait(false))
            {
                continue;
            }

            // Nothing to answer: wait for the next response in order, or for another row while there is room for it.
            Task<bool> more = open && HasRoom ? rows.WaitToReadAsync(cancellation).AsTask() : Task.FromResult(open);
            Task first = _pending.TryPeek(out GenerateRow? next) ? next.Responses : more;
            await Task.WhenAny(first, HasRoom && open ? more : first).ConfigureAwait(false);
            open = !more.IsCompleted || await more.ConfigureAwait(false);
        }

        return writer.Errors > 0 ? ExitCode.Data : ExitCode.Success;
    }

    private bool HasRoom => _pending.Count * settings.Samples < Window;

    private GenerateRow Submit(InputRow row, CancellationToken cancellation)
    {
        try
        {
            int[] prompt = Encode(row);
            generator.Model.RequireFits(prompt, row, room: 1);
            return new GenerateRow(row, prompt, Task.WhenAll(Requests(row, prompt).Select(
                request => generator.GenerateAsync(request, cancellation))), Error: null);
        }
        catch (RowException failure)
        {
            return new GenerateRow(row, [], Task.FromResult(Array.Empty<Generation>()), failure.Message);
        }
    }

    private int[] Encode(InputRow row)
    {
        row.Require();
        string[] forms = [.. Forms.Where(row.Has)];
        return forms switch
        {
            ["tokens"] => row.Tokens("tokens"),
            ["prompt"] => codec.Encode(row, row.Text("prompt")),
            ["messages"] => codec.EncodeMessages(row, answers: true),
            [] => throw row.Error("there is no prompt: give 'tokens', 'prompt' or 'messages'"),
            _ => throw row.Error($"'{forms[0]}' and '{forms[1]}' are both given: give one of them"),
        };
    }

    private IEnumerable<GenerationRequest> Requests(InputRow row, int[] prompt) => Enumerable.Range(0, settings.Samples)
        .Select(sample => new GenerationRequest
        {
            SampleId = (ulong)row.Index * SamplingArguments.MaxSamples + (ulong)sample,
            Prompt = prompt,
            MaxNewTokens = settings.MaxNewTokens,
            Sampling = settings.Sampling,
            StopTokens = stopTokens,
        });

    /// <summary>Answers the rows at the head of the queue that are done.</summary>
    private async Task<bool> AnswerFinishedAsync(RowProgress progress)
    {
        bool any = false;
        while (_pending.TryPeek(out GenerateRow? row) && row.Responses.IsCompleted)
        {
            _pending.Dequeue();
            await AnswerAsync(row).ConfigureAwait(false);
            progress.Report(row.Row, writer.Rows, _tokens);
            any = true;
        }

        if (any)
        {
            writer.Flush();
        }

        return any;
    }

    private async Task AnswerAsync(GenerateRow row)
    {
        if (row.Error is not null)
        {
            writer.WriteError(row.Row, row.Error);
            return;
        }

        try
        {
            Generation[] responses = await row.Responses.ConfigureAwait(false);
            string?[] texts = [.. responses.Select(response => TextOf(response))];
            writer.Write(row.Row, json => Write(json, row.Prompt, responses, texts));
            _tokens += responses.Sum(response => (long)response.Tokens.Length);
        }
        catch (ProximalException failure) when (failure.Status == ProximalStatus.NotFinite)
        {
            writer.WriteError(row.Row, row.Row.Error(FailureReport.TextOf(failure)).Message);
        }
        catch (RowException failure)
        {
            writer.WriteError(row.Row, failure.Message);
        }
    }

    /// <summary>The response's text, without the token that stopped it.</summary>
    private string? TextOf(Generation response)
    {
        ReadOnlySpan<int> tokens = response.FinishReason == FinishReason.Stop ? response.Tokens.AsSpan()[..^1] : response.Tokens;
        return codec.DecodeResponse(response.Prompt, tokens);
    }

    private static void Write(Utf8JsonWriter json, int[] prompt, Generation[] responses, string?[] texts)
    {
        json.WriteNumbers("prompt_tokens", prompt);
        if (responses.Length == 1)
        {
            WriteResponse(json, responses[0], texts[0]);
            return;
        }

        json.WriteStartArray("samples");
        for (int i = 0; i < responses.Length; i++)
        {
            json.WriteStartObject();
            WriteResponse(json, responses[i], texts[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteResponse(Utf8JsonWriter json, Generation response, string? text)
    {
        json.WriteNumbers("tokens", response.Tokens);
        json.WriteString("text", text);
        json.WriteNumbers("logprobs", response.LogProbs);
        json.WriteString("finish_reason", response.FinishReason == FinishReason.Stop ? "stop" : "length");
    }
}
