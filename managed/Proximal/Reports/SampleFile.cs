using System.Text.Json;
using Proximal.Data;
using Proximal.Runs;

namespace Proximal.Reports;

/// <summary>Finds rows in a samples.jsonl that may be larger than memory: one pass to see what is there, then single rows.</summary>
internal sealed class SampleFile
{
    private const int BufferBytes = 1 << 16;

    private readonly string _path;

    /// <param name="folder">The run folder; it may have no such file.</param>
    public SampleFile(string folder)
    {
        _path = Path.Combine(folder, RunFolder.SamplesFile);
    }

    /// <summary>The place and the key figures of every row, in order. A cut last row is left out.</summary>
    /// <exception cref="DataFileException">A row that is not the last is broken.</exception>
    public IEnumerable<SampleRow> Rows()
    {
        if (!File.Exists(_path))
        {
            yield break;
        }

        int number = 0;
        foreach ((long offset, byte[] buffer, int length, bool complete) in Lines())
        {
            number++;
            if (SampleRow.TryParse(offset, buffer.AsSpan(0, length), out SampleRow row))
            {
                yield return row;
            }
            else if (complete)
            {
                throw Broken(number);
            }
        }
    }

    /// <summary>Reads one row.</summary>
    /// <exception cref="DataFileException">Its long fields are broken: half a surrogate pair, a reward given twice.</exception>
    public RunSample Read(SampleRow row)
    {
        byte[] bytes = new byte[row.Length];
        using FileStream file = Open();
        file.Seek(row.Offset, SeekOrigin.Begin);
        file.ReadExactly(bytes);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return ReadSample(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new DataFileException(_path, null, $"the row at byte {row.Offset} is broken ({failure.Message}): repair or remove the line", failure);
        }
    }

    private FileStream Open() => new(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes);

    /// <summary>Every line with its place. The buffer is the same one each time.</summary>
    private IEnumerable<(long Offset, byte[] Buffer, int Length, bool Complete)> Lines()
    {
        using FileStream file = Open();
        byte[] buffer = new byte[BufferBytes];
        long offset = 0;
        int filled = 0;
        int searched = 0;
        while (true)
        {
            int end = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                int length = searched + end;
                yield return (offset, buffer, length, Complete: true);
                buffer.AsSpan(length + 1, filled - length - 1).CopyTo(buffer);
                filled -= length + 1;
                offset += length + 1;
                searched = 0;
                continue;
            }

            searched = filled;
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int read = file.Read(buffer.AsSpan(filled));
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        if (filled > 0)
        {
            yield return (offset, buffer, filled, Complete: false);
        }
    }

    private DataFileException Broken(int line) => new(_path, line, "expected one JSON object with a step; repair or remove the line");

    private static RunSample ReadSample(JsonElement row) => new()
    {
        Step = row.GetProperty("step").GetInt32(),
        Prompt = Text(row, "prompt"),
        Response = Text(row, "response"),
        Score = row.TryGetProperty("score", out JsonElement score) && score.ValueKind == JsonValueKind.Number ? score.GetDouble() : double.NaN,
        Rewards = row.TryGetProperty("rewards", out JsonElement rewards) && rewards.ValueKind == JsonValueKind.Object
            ? rewards.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Number).ToDictionary(item => item.Name, item => item.Value.GetDouble())
            : [],
        Tokens = [.. Numbers(row, "tokens").Select(token => (int)token)],
        LogProbs = Numbers(row, "logprobs"),
        ReferenceLogProbs = Numbers(row, "reference_logprobs"),
        Advantages = Numbers(row, "advantages"),
    };

    private static string Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;

    private static double[] Numbers(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number ? item.GetDouble() : double.NaN)]
            : [];
}
