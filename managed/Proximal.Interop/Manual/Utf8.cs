using System.Text;

namespace Proximal.Interop;

/// <summary>Texts as C has them.</summary>
internal static class Utf8
{
    /// <summary>The text in UTF-8 with the terminating zero.</summary>
    /// <exception cref="ArgumentException">The text holds a zero character, which would cut it short.</exception>
    public static byte[] Terminated(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("The text holds a zero character.", nameof(text));
        }

        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
