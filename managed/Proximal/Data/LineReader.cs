using System.Buffers;

namespace Proximal.Data;

/// <summary>Cuts a stream into lines. Memory is bounded by the longest line that is allowed, not by the input.</summary>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private const int ChunkBytes = 1 << 16;

    /// <summary>The lines in order; blank ones are left out.</summary>
    public IEnumerable<RawLine> Read()
    {
        byte[] chunk = new byte[ChunkBytes];
        var line = new ArrayBufferWriter<byte>();
        bool tooLong = false;
        long number = 1;
        long end = 0;
        int count;
        while ((count = stream.Read(chunk)) > 0)
        {
            int start = 0;
            while (start < count)
            {
                int feed = Array.IndexOf(chunk, (byte)'\n', start, count - start);
                int stop = feed < 0 ? count : feed;
                tooLong |= !Append(line, chunk.AsSpan(start, stop - start));
                end += stop - start + (feed < 0 ? 0 : 1);
                start = stop + 1;
                if (feed < 0)
                {
                    break;
                }

                if (Take(line, number, tooLong, end) is { } taken)
                {
                    yield return taken;
                }

                tooLong = false;
                number++;
            }
        }

        if (Take(line, number, tooLong, end) is { } last)
        {
            yield return last;
        }
    }

    private bool Append(ArrayBufferWriter<byte> line, ReadOnlySpan<byte> bytes)
    {
        if (line.WrittenCount + bytes.Length > maxLineBytes)
        {
            return false;
        }

        line.Write(bytes);
        return true;
    }

    private static RawLine? Take(ArrayBufferWriter<byte> line, long number, bool tooLong, long end)
    {
        bool blank = !tooLong && line.WrittenSpan.Trim(" \t\r"u8).IsEmpty;
        RawLine? taken = blank ? null : new RawLine(number, tooLong ? default : line.WrittenSpan.ToArray(), tooLong, end);
        line.ResetWrittenCount();
        return taken;
    }
}
