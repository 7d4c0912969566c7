using System.Buffers.Binary;
using System.Text;

namespace Proximal.Tests.Runs;

/// <summary>Reads TensorBoard event files: TFRecord frames and protocol buffers, by their published formats.</summary>
internal static class TensorBoardReader
{
    private const uint CastagnoliReflected = 0x82F63B78;

    /// <summary>Every event of a file. A wrong length, checksum or field is an exception.</summary>
    public static IReadOnlyList<TensorBoardEvent> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var events = new List<TensorBoardEvent>();
        for (int at = 0; at < file.Length;)
        {
            ReadOnlySpan<byte> header = file.AsSpan(at, 8);
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header));
            Check(file, at + 8, header, "length");
            ReadOnlySpan<byte> message = file.AsSpan(at + 12, length);
            Check(file, at + 12 + length, message, "message");
            events.Add(ReadEvent(message));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C bit by bit, then masked as TFRecord masks it.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ CastagnoliReflected : crc >> 1;
            }
        }

        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }

    private static void Check(byte[] file, int at, ReadOnlySpan<byte> bytes, string what)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at, 4)) != MaskedCrc(bytes))
        {
            throw new InvalidDataException($"The checksum of the {what} at byte {at} is wrong.");
        }
    }

    private static TensorBoardEvent ReadEvent(ReadOnlySpan<byte> message)
    {
        double wallTime = double.NaN;
        long step = 0;
        string? version = null;
        var scalars = new Dictionary<string, float>();
        while (!message.IsEmpty)
        {
            switch (Tag(ref message))
            {
                case (1, 1):
                    wallTime = BinaryPrimitives.ReadDoubleLittleEndian(Take(ref message, 8));
                    break;
                case (2, 0):
                    step = (long)Variable(ref message);
                    break;
                case (3, 2):
                    version = Encoding.UTF8.GetString(Take(ref message, (int)Variable(ref message)));
                    break;
                case (5, 2):
                    ReadSummary(Take(ref message, (int)Variable(ref message)), scalars);
                    break;
                case var tag:
                    throw new InvalidDataException($"An event has the field {tag}.");
            }
        }

        return new TensorBoardEvent(wallTime, step, version, scalars);
    }

    private static void ReadSummary(ReadOnlySpan<byte> summary, Dictionary<string, float> scalars)
    {
        while (!summary.IsEmpty)
        {
            if (Tag(ref summary) != (1, 2))
            {
                throw new InvalidDataException("A summary holds something that is no value.");
            }

            ReadOnlySpan<byte> value = Take(ref summary, (int)Variable(ref summary));
            string? name = null;
            float? number = null;
            while (!value.IsEmpty)
            {
                switch (Tag(ref value))
                {
                    case (1, 2):
                        name = Encoding.UTF8.GetString(Take(ref value, (int)Variable(ref value)));
                        break;
                    case (2, 5):
                        number = BinaryPrimitives.ReadSingleLittleEndian(Take(ref value, 4));
                        break;
                    case var tag:
                        throw new InvalidDataException($"A value has the field {tag}.");
                }
            }

            scalars.Add(name!, number!.Value);
        }
    }

    private static (int Field, int WireType) Tag(ref ReadOnlySpan<byte> bytes)
    {
        ulong tag = Variable(ref bytes);
        return ((int)(tag >> 3), (int)(tag & 7));
    }

    private static ulong Variable(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = Take(ref bytes, 1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        ReadOnlySpan<byte> taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}
