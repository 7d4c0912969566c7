using System.Text;
using System.Text.Json;
using Proximal.Data;
using Proximal.Data.Sources;

namespace Proximal.Tokenization.Training;

/// <summary>Cuts files into batches of texts. A batch ends with a line, so a file is never in memory as a whole unless it is one text.</summary>
internal sealed class TextBatches(TextFileOptions options)
{
    /// <summary>The longest line, and the longest file that is one text.</summary>
    public const int LongestText = 256 << 20;

    private const string What = "The text file";
    private const int BatchBytes = 1 << 20;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The batches of a file, in order.</summary>
    /// <exception cref="DataFileException">The file or a text of it cannot be used; the text names file, line and the fix.</exception>
    public IEnumerable<TextBatch> Read(string path) => RowFile.Of(path) switch
    {
        { Kind: RowFileKind.JsonLines } file => Lines(file).Select(block => new TextBatch(block.Bytes.Length, Rows(path, block))),
        { HasRows: true } file => [new TextBatch(new FileInfo(path).Length, Rows(file))],
        var file when options.WholeFiles => [new TextBatch(new FileInfo(path).Length, [Whole(file)])],
        var file => Lines(file).Select(block => new TextBatch(block.Bytes.Length, Texts(path, block))),
    };

    private readonly record struct Block(int FirstLine, ReadOnlyMemory<byte> Bytes);

    /// <summary>The lines of a text file, with their ends.</summary>
    private static IEnumerable<string> Texts(string path, Block block)
    {
        foreach ((int line, ReadOnlyMemory<byte> bytes) in Divide(block))
        {
            yield return Decode(path, line, bytes.Span);
        }
    }

    /// <summary>The texts of rows of JSON.</summary>
    private IEnumerable<string> Rows(string path, Block block)
    {
        foreach ((int line, ReadOnlyMemory<byte> bytes) in Divide(block))
        {
            string text = Decode(path, line, bytes.Span);
            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return TextOf(JsonRow.Of(path, line, JsonRow.Parse(path, line, text), Example));
            }
        }
    }

    private IEnumerable<string> Rows(RowFile file) => JsonRows.Read(file.Path, What, Example).Select(TextOf);

    private string Example => $"{{\"{options.Field}\": \"...\"}}";

    private string TextOf(JsonRow row) => row.Text(options.Field, "a text", empty: true);

    private static string Whole(RowFile file)
    {
        using Stream stream = file.Open(What);
        var bytes = new MemoryStream();
        byte[] block = new byte[BatchBytes];
        while (Read(file, stream, block) is > 0 and int count)
        {
            bytes.Write(block, 0, count);
            if (bytes.Length > LongestText)
            {
                throw new DataFileException(
                    file.Path, null, $"the file has more than {LongestText} bytes, the most of one text: divide it, or let its lines be texts");
            }
        }

        return Decode(file.Path, null, WithoutMark(bytes.GetBuffer().AsMemory(0, (int)bytes.Length)).Span);
    }

    /// <summary>Whole lines of a file, some at a time.</summary>
    private static IEnumerable<Block> Lines(RowFile file)
    {
        using Stream stream = file.Open(What);
        int line = 1;
        byte[] buffer = new byte[BatchBytes];
        int filled = 0;
        int count;
        while ((count = Read(file, stream, buffer.AsMemory(filled))) > 0)
        {
            filled += count;
            int end = buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1;
            if (end == 0)
            {
                RequireShorter(file.Path, line, filled);
                Array.Resize(ref buffer, filled < buffer.Length ? buffer.Length : buffer.Length * 2);
                continue;
            }

            yield return BlockOf(line, buffer.AsMemory(0, end));
            line += buffer.AsSpan(0, end).Count((byte)'\n');
            byte[] rest = new byte[Math.Max(BatchBytes, 2 * (filled - end))];
            buffer.AsSpan(end..filled).CopyTo(rest);
            (buffer, filled) = (rest, filled - end);
        }

        if (filled > 0)
        {
            yield return BlockOf(line, buffer.AsMemory(0, filled));
        }
    }

    private static void RequireShorter(string path, int line, int length)
    {
        if (length >= LongestText)
        {
            throw new DataFileException(path, line, $"the line has more than {LongestText} bytes: divide it");
        }
    }

    private static Block BlockOf(int line, ReadOnlyMemory<byte> bytes) => new(line, line == 1 ? WithoutMark(bytes) : bytes);

    /// <summary>A byte-order mark at the start of a file is no text.</summary>
    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> bytes) =>
        bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;

    private static IEnumerable<(int Line, ReadOnlyMemory<byte> Bytes)> Divide(Block block)
    {
        ReadOnlyMemory<byte> rest = block.Bytes;
        for (int line = block.FirstLine; rest.Length > 0; line++)
        {
            int feed = rest.Span.IndexOf((byte)'\n');
            int end = feed < 0 ? rest.Length : feed + 1;
            yield return (line, rest[..end]);
            rest = rest[end..];
        }
    }

    private static string Decode(string path, int? line, ReadOnlySpan<byte> bytes)
    {
        int zero = bytes.IndexOf((byte)0);
        if (zero >= 0)
        {
            throw new DataFileException(path, line, $"byte {zero} is 0: this is no text file in UTF-8; leave it out, or convert it");
        }

        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new DataFileException(
                path, line, $"byte {exception.Index} begins no UTF-8 character: leave the file out, or convert it, as in iconv -f latin1 -t utf-8", exception);
        }
    }

    private static int Read(RowFile file, Stream stream, Memory<byte> buffer) => DataFileException.Guard(file.Path, What, () => stream.Read(buffer.Span));
}
