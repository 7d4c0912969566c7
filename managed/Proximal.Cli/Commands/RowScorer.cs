using System.Threading.Channels;
using Proximal.Cli.Models;
using Proximal.Cli.Rows;
using Proximal.Cli.Terminal;
using Proximal.Models;

namespace Proximal.Cli.Commands;

/// <summary>Scores rows in packed batches and answers in order.</summary>
internal sealed class RowScorer(LanguageModel model, TextCodec codec, RowWriter writer, double temperature, bool entropy)
{
    private const int BatchTokens = 4096;
    private const int BatchRows = 256;
    private static readonly string[] Forms = ["tokens", "text", "prompt", "messages"];

    private readonly ScoreOutputs _outputs = model.Info.Head == ModelHead.Scalar ? ScoreOutputs.Scores
        : entropy ? ScoreOutputs.LogProbs | ScoreOutputs.Entropies
        : ScoreOutputs.LogProbs;

    private readonly List<ScoreRow> _batch = [];
    private int _tokens;
    private long _scored;

    /// <summary>Answers every row.</summary>
    public async Task<int> RunAsync(RowReader reader, IProgressView view, CancellationToken cancellation)
    {
        var progress = new RowProgress(view, "score", reader);
        ChannelReader<InputRow> rows = reader.Rows;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (rows.TryRead(out InputRow? row))
            {
                Add(Prepare(row));
                progress.Report(row, writer.Rows, _scored);
                continue;
            }

            // Whoever writes row after row into a pipe waits for the answers to those it has written.
            if (!reader.IsFile)
            {
                Answer();
            }

            if (!await rows.WaitToReadAsync(cancellation).ConfigureAwait(false))
            {
                break;
            }
        }

        Answer();
        return writer.Errors > 0 ? ExitCode.Data : ExitCode.Success;
    }

    private void Add(ScoreRow row)
    {
        if (_tokens + row.Tokens.Length > BatchTokens || _batch.Count >= BatchRows)
        {
            Answer();
        }

        _batch.Add(row);
        _tokens += row.Tokens.Length;
    }

    private ScoreRow Prepare(InputRow row)
    {
        try
        {
            (int[] tokens, int? start) = Encode(row);
            model.RequireFits(tokens, row);
            return new ScoreRow(row, tokens, start, Error: null);
        }
        catch (RowException failure)
        {
            return ScoreRow.Broken(row, failure.Message);
        }
    }

    private (int[] Tokens, int? ResponseStart) Encode(InputRow row)
    {
        row.Require();
        string[] forms = [.. Forms.Where(row.Has)];
        return forms switch
        {
            ["tokens"] => (row.Tokens("tokens"), null),
            ["text"] => (codec.Encode(row, row.Text("text")), null),
            ["prompt"] => codec.EncodePair(row, row.Text("prompt"), row.Text("response")),
            ["messages"] => (codec.EncodeMessages(row, answers: false), null),
            [] => throw row.Error("there is nothing to score: give 'tokens', 'text', 'messages', or 'prompt' and 'response'"),
            _ => throw row.Error($"'{forms[0]}' and '{forms[1]}' are both given: give one of them"),
        };
    }

    private void Answer()
    {
        if (_batch.Count == 0)
        {
            return;
        }

        ScoreRow[] good = [.. _batch.Where(row => row.Error is null)];
        ModelScores? scores = null;
        if (good.Length == 0 || TryScore(good, out scores, out _))
        {
            WriteAll(scores);
        }
        else
        {
            WriteOneByOne();
        }

        writer.Flush();
        _batch.Clear();
        _scored += _tokens;
        _tokens = 0;
    }

    private bool TryScore(ScoreRow[] rows, out ModelScores scores, out string error)
    {
        try
        {
            scores = model.Score(PackedBatch.Pack([.. rows.Select(row => row.Tokens)]), _outputs, temperature);
            error = string.Empty;
            return true;
        }
        catch (Exception failure) when (failure is ArgumentException or ProximalException { Status: ProximalStatus.NotFinite })
        {
            scores = null!;
            error = FailureReport.TextOf(failure);
            return false;
        }
    }

    private void WriteAll(ModelScores? scores)
    {
        int offset = 0;
        int sequence = 0;
        foreach (ScoreRow row in _batch)
        {
            if (row.Error is not null)
            {
                writer.WriteError(row.Row, row.Error);
                continue;
            }

            Write(row, scores!, offset, sequence++);
            offset += row.Tokens.Length;
        }
    }

    /// <summary>One row spoiled the batch: find it, and answer the others.</summary>
    private void WriteOneByOne()
    {
        foreach (ScoreRow row in _batch)
        {
            if (row.Error is not null)
            {
                writer.WriteError(row.Row, row.Error);
            }
            else if (TryScore([row], out ModelScores scores, out string error))
            {
                Write(row, scores, offset: 0, sequence: 0);
            }
            else
            {
                writer.WriteError(row.Row, row.Row.Error(error).Message);
            }
        }
    }

    private void Write(ScoreRow row, ModelScores scores, int offset, int sequence) => writer.Write(row.Row, json =>
    {
        int count = row.Tokens.Length;
        json.WriteNumbers("tokens", row.Tokens);
        if (_outputs == ScoreOutputs.Scores)
        {
            json.WriteNumber("score", scores.Scores[sequence]);
            return;
        }

        if (row.ResponseStart is { } start)
        {
            json.WriteNumber("response_start", start);
        }

        ReadOnlySpan<float> logProbs = scores.LogProbs.AsSpan(offset, count);
        json.WriteTargets("logprobs", logProbs);
        json.WriteNumber("sum_logprob", Sum(logProbs[Math.Max(1, row.ResponseStart ?? 0)..]));
        if (entropy)
        {
            json.WriteTargets("entropy", scores.Entropies.AsSpan(offset, count));
        }
    });

    private static double Sum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            sum += value;
        }

        return sum;
    }
}
