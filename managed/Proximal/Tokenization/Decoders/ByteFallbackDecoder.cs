using System.Text;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Decoders;

/// <summary>Runs of byte tokens become the text they spell; where they spell none, each becomes one U+FFFD.</summary>
internal sealed class ByteFallbackDecoder : ITokenDecoder
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        List<string> result = new(tokens.Count);
        List<byte> run = [];
        foreach (string token in tokens)
        {
            int value = ByteTokens.ByteOf(token);
            if (value >= 0)
            {
                run.Add((byte)value);
                continue;
            }

            Flush(run, result);
            result.Add(token);
        }

        Flush(run, result);
        return result;
    }

    private static void Flush(List<byte> run, List<string> result)
    {
        if (run.Count == 0)
        {
            return;
        }

        byte[] bytes = [.. run];
        result.Add(System.Text.Unicode.Utf8.IsValid(bytes) ? Strict.GetString(bytes) : new string('\uFFFD', bytes.Length));
        run.Clear();
    }
}
