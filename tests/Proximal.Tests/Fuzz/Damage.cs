namespace Proximal.Tests.Fuzz;

/// <summary>Makes inputs out of others: flipped, cut, doubled and moved bytes, words of the formats, two inputs joined.</summary>
internal sealed class Damage(int seed)
{
    private const int MostBytes = 1 << 16;

    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "{", "}", "[", "]", "\"", ":", ",", "null", "true", "-1", "0", "1e999", "18446744073709551616", "2147483648", "\\ud800", "\\u0000",
            "{{", "}}", "{%", "%}", "for x in range(99999999)", "endfor", " * 999999999", "loop", "self", "__class__", "~", "|", "../", "\n", "\t",
            "&a", "*a", "!!", "- ", "? ", "a.b[0]=", "=",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF],
        [0xFF, 0xFF, 0xFF, 0x7F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 64, 0, 0, 0, 0],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next input of the same kind as one of the seeds.</summary>
    public (string Kind, byte[] Bytes) Next(IReadOnlyList<(string Kind, byte[] Bytes)> seeds)
    {
        (string kind, byte[] good) = seeds[_random.Next(seeds.Count)];
        List<byte> bytes = [.. good];
        if (_random.Next(8) == 0)
        {
            byte[] other = seeds[_random.Next(seeds.Count)].Bytes;
            bytes = [.. bytes[.._random.Next(bytes.Count + 1)], .. other[_random.Next(other.Length + 1)..]];
        }

        for (int changes = _random.Next(1, 5); changes > 0; changes--)
        {
            Change(bytes);
        }

        return (kind, [.. bytes.Take(MostBytes)]);
    }

    private void Change(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count + 1);
        int length = Math.Min(_random.Next(1, 24), bytes.Count - at);
        switch (_random.Next(7))
        {
            case 0 when length > 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when length > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                byte[] word = Words[_random.Next(Words.Length)];
                bytes.RemoveRange(at, Math.Min(_random.Next(2) * word.Length, bytes.Count - at));
                bytes.InsertRange(at, word);
                break;
            case 5 when length > 0:
                List<byte> moved = bytes.GetRange(at, length);
                bytes.RemoveRange(at, length);
                bytes.InsertRange(_random.Next(bytes.Count + 1), moved);
                break;
            default:
                bytes.RemoveRange(at, _random.Next(4) == 0 ? bytes.Count - at : 0);
                break;
        }
    }
}
