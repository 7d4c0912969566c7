using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Proximal.Data;

/// <summary>Splits rows into those to train on and those to validate with, so that no prompt is on both sides.</summary>
public static class DataSplit
{
    /// <summary>Splits by prompt: the prompts are ranked by a hash of themselves and the seed, and the first ones validate.</summary>
    /// <typeparam name="T">The rows.</typeparam>
    /// <param name="rows">The rows; both parts keep their order.</param>
    /// <param name="prompt">The prompt of a row.</param>
    /// <param name="fraction">Share of the different prompts that validate, in (0, 1); at least one on each side.</param>
    /// <param name="seed">Decides which.</param>
    /// <exception cref="ArgumentException">There are fewer than two different prompts.</exception>
    /// <remarks>A prompt's rank depends on nothing but its text and the seed: neither on the order of the rows nor on their number.</remarks>
    public static (IReadOnlyList<T> Training, IReadOnlyList<T> Validation) ByPrompt<T>(
        IReadOnlyList<T> rows, Func<T, string> prompt, double fraction, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(prompt);
        Internal.Require.OpenUnitInterval(fraction);
        bool[] validates = Choose(rows.Select(prompt), fraction, seed)
            ?? throw new ArgumentException("Fewer than two different prompts cannot be split: give more rows, or validate with a file of its own.", nameof(rows));
        return ([.. rows.Where((_, row) => !validates[row])], [.. rows.Where((_, row) => validates[row])]);
    }

    /// <summary>Which rows validate, by the same rule; of a prompt nothing is kept but 32 bytes.</summary>
    /// <returns>For each row whether it does; <see langword="null"/>: there are fewer than two different prompts.</returns>
    internal static bool[]? Choose(IEnumerable<string> prompts, double fraction, ulong seed)
    {
        var ranks = new List<(UInt128 High, UInt128 Low)>();
        foreach (string prompt in prompts)
        {
            byte[] hash = Hash(prompt, seed);
            ranks.Add((BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash.AsSpan(16))));
        }

        (UInt128 High, UInt128 Low)[] different = [.. ranks.Distinct().Order()];
        if (different.Length < 2)
        {
            return null;
        }

        int count = Math.Clamp((int)Math.Round(fraction * different.Length, MidpointRounding.AwayFromZero), 1, different.Length - 1);
        (UInt128 High, UInt128 Low) last = different[count - 1];
        return [.. ranks.Select(rank => rank.CompareTo(last) <= 0)];
    }

    /// <summary>Whether a document validates: its share of the rows is the fraction in the long run, and one reading tells.</summary>
    /// <param name="text">The document's text, or its beginning.</param>
    /// <param name="fraction">Share of the different texts that validate, in (0, 1).</param>
    /// <param name="seed">Decides which.</param>
    internal static bool Validates(string text, double fraction, ulong seed) =>
        BinaryPrimitives.ReadUInt64BigEndian(Hash(text, seed)) < fraction * ulong.MaxValue;

    private static byte[] Hash(string prompt, ulong seed)
    {
        byte[] text = Encoding.UTF8.GetBytes(prompt);
        byte[] bytes = new byte[sizeof(ulong) + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        text.CopyTo(bytes, sizeof(ulong));
        return SHA256.HashData(bytes);
    }
}
