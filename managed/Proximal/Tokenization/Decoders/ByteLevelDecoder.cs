using System.Text;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Decoders;

/// <summary>
/// Characters of the byte alphabet become bytes again, over all tokens; a token with other characters stands for its own
/// UTF-8. Each maximal invalid part becomes one U+FFFD.
/// </summary>
internal sealed class ByteLevelDecoder : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        List<byte> bytes = [];
        foreach (string token in tokens)
        {
            int before = bytes.Count;
            foreach (char character in token)
            {
                int value = ByteAlphabet.ByteOf(character);
                if (value < 0)
                {
                    bytes.RemoveRange(before, bytes.Count - before);
                    bytes.AddRange(Encoding.UTF8.GetBytes(token));
                    break;
                }

                bytes.Add((byte)value);
            }
        }

        return [Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes))];
    }
}
