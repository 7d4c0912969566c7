using System.Text.Json;
using System.Text.Json.Serialization;
using Proximal.Data;
using Proximal.Runs;

namespace Proximal.Evaluation.Judging;

/// <summary>Votes, one a line, kept the moment they are given. One writer at a time.</summary>
public sealed class VoteFile : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    private readonly FileStream _file;
    private readonly List<Vote> _votes;

    private VoteFile(FileStream file, List<Vote> votes)
    {
        _file = file;
        _votes = votes;
    }

    /// <summary>The votes so far, in the order in which they were given.</summary>
    public IReadOnlyList<Vote> Votes => _votes;

    /// <summary>Opens the votes of an evaluation folder, or starts them. A last line that was cut is removed.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DataFileException">A line is no vote.</exception>
    /// <exception cref="RunFolderException">The file is in use or cannot be written.</exception>
    public static VoteFile Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, EvaluationFolder.VotesFile);
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new VoteFile(file, ReadAll(path, file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new RunFolderException(folder, $"{path} cannot be opened: {exception.Message} Is someone else voting in this folder?", exception);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Adds a vote; it is on disk's way when the call returns.</summary>
    /// <param name="vote">The vote.</param>
    public void Add(Vote vote)
    {
        ArgumentNullException.ThrowIfNull(vote);
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(vote, Json));
        _file.Write("\n"u8);
        _file.Flush(flushToDisk: true);
        _votes.Add(vote);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static List<Vote> ReadAll(string path, FileStream file)
    {
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        file.SetLength(whole);
        file.Seek(0, SeekOrigin.End);
        var votes = new List<Vote>();
        for (int start = 0; start < whole;)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            votes.Add(Parse(path, votes.Count + 1, bytes.AsSpan(start, length)));
            start += length + 1;
        }

        return votes;
    }

    private static Vote Parse(string path, int line, ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize<Vote>(text, Json) ?? throw new JsonException("the line holds null");
        }
        catch (JsonException failure)
        {
            throw new DataFileException(path, line, $"expected a vote ({failure.Message}): repair or remove the line", failure);
        }
    }
}
