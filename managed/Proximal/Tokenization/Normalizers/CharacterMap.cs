using System.Buffers.Binary;
using System.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>SentencePiece's compiled map of characters: a double array (Darts-clone) whose values point into a block of texts.</summary>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    private CharacterMap(uint[] units, byte[] texts)
    {
        _units = units;
        _texts = texts;
    }

    /// <summary>Reads a map: 32-bit size of the double array, the array, the texts, each ended by 0.</summary>
    /// <exception cref="InvalidDataException">The sizes contradict each other.</exception>
    public static CharacterMap Read(ReadOnlySpan<byte> bytes)
    {
        uint size = bytes.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
        if (size == 0 || size % 4 != 0 || size > bytes.Length - 4)
        {
            throw new InvalidDataException($"a map of {bytes.Length} bytes cannot hold a double array of {size}");
        }

        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + (4 * i))..]);
        }

        return new CharacterMap(units, bytes[(4 + (int)size)..].ToArray());
    }

    /// <summary>Finds a text that the map changes at the beginning of another.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="longest">Whether the longest counts, or the shortest.</param>
    /// <param name="replacement">What it becomes.</param>
    /// <returns>How many bytes it has; 0: there is none.</returns>
    public int Find(ReadOnlySpan<byte> text, bool longest, out string replacement)
    {
        int length = 0;
        long found = -1;
        uint node = OffsetOf(UnitAt(0));
        for (int i = 0; i < text.Length && (longest || found < 0); i++)
        {
            node ^= text[i];
            uint unit = UnitAt(node);
            if ((unit & 0x800000FF) != text[i])
            {
                break;
            }

            node ^= OffsetOf(unit);
            if ((unit & 0x100) != 0)
            {
                found = UnitAt(node) & 0x7FFFFFFF;
                length = i + 1;
            }
        }

        replacement = found < 0 ? "" : TextAt(found);
        return length;
    }

    // Outside the array nothing matches: a leaf's label is never a byte.
    private uint UnitAt(uint index) => index < _units.Length ? _units[index] : 0x80000000;

    private static uint OffsetOf(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private string TextAt(long start)
    {
        if (start >= _texts.Length)
        {
            return "";
        }

        ReadOnlySpan<byte> rest = _texts.AsSpan((int)start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
