namespace Proximal.Tokenization.Loading;

/// <summary>Reads the fields of a protocol-buffer message one after another; damage is an <see cref="InvalidDataException"/>.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int LongestVarint = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>The current field's number, where it is a varint or fixed.</summary>
    public ulong Number { get; private set; }

    /// <summary>The current field's bytes, where it has a length.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The current field's 32-bit float.</summary>
    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)Number);

    /// <summary>Moves to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_position >= _message.Length)
        {
            return false;
        }

        ulong key = ReadVarint();
        Field = (int)Math.Min(key >> 3, int.MaxValue);
        Number = 0;
        Bytes = default;
        switch (key & 7)
        {
            case 0:
                Number = ReadVarint();
                break;
            case 1:
                Number = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Bytes = Take(ReadVarint());
                break;
            case 5:
                Number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw new InvalidDataException($"byte {_position} has the wire type {key & 7}, which is none");
        }

        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < LongestVarint; i++)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"byte {_position} ends a number of more than {LongestVarint} bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_message.Length - _position))
        {
            throw new InvalidDataException($"a field of {count} bytes begins at byte {_position} of {_message.Length}");
        }

        ReadOnlySpan<byte> taken = _message.Slice(_position, (int)count);
        _position += (int)count;
        return taken;
    }
}
