namespace Proximal.Tokenization.Models;

/// <summary>The tokens &lt;0x00&gt; to &lt;0xFF&gt; that stand for bytes which no other token spells.</summary>
internal static class ByteTokens
{
    private const int Length = 6;

    /// <summary>The ids of the 256 tokens, -1 where the vocabulary lacks one.</summary>
    public static int[] Find(Vocabulary vocabulary) =>
        [.. Enumerable.Range(0, 256).Select(value => vocabulary.IdOf(NameOf((byte)value)))];

    /// <summary>The token of a byte.</summary>
    public static string NameOf(byte value) => $"<0x{value:X2}>";

    /// <summary>The byte that a token stands for, or -1.</summary>
    public static int ByteOf(string token)
    {
        bool shaped = token.Length == Length && token.StartsWith("<0x", StringComparison.Ordinal) && token[^1] == '>';
        return shaped && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4])
            ? Convert.ToInt32(token.Substring(3, 2), 16)
            : -1;
    }
}
