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
        string[] prompts = [.. rows.Select(prompt).Distinct(StringComparer.Ordinal)];
        if (prompts.Length < 2)
        {
            throw new ArgumentException(
                $"{prompts.Length} different prompts cannot be split: give more rows, or validate with a file of its own.", nameof(rows));
        }

        int count = Math.Clamp((int)Math.Round(fraction * prompts.Length, MidpointRounding.AwayFromZero), 1, prompts.Length - 1);
        var validation = prompts.OrderBy(text => Rank(text, seed), StringComparer.Ordinal).Take(count).ToHashSet(StringComparer.Ordinal);
        return ([.. rows.Where(row => !validation.Contains(prompt(row)))], [.. rows.Where(row => validation.Contains(prompt(row)))]);
    }

    /// <summary>Whether a document validates: its share of the rows is the fraction in the long run, and one reading tells.</summary>
    /// <param name="text">The document's text, or its beginning.</param>
    /// <param name="fraction">Share of the different texts that validate, in (0, 1).</param>
    /// <param name="seed">Decides which.</param>
    internal static bool Validates(string text, double fraction, ulong seed) =>
        BinaryPrimitives.ReadUInt64BigEndian(Hash(text, seed)) < fraction * ulong.MaxValue;

    private static string Rank(string prompt, ulong seed) => Convert.ToHexString(Hash(prompt, seed));

    private static byte[] Hash(string prompt, ulong seed)
    {
        byte[] text = Encoding.UTF8.GetBytes(prompt);
        byte[] bytes = new byte[sizeof(ulong) + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        text.CopyTo(bytes, sizeof(ulong));
        return SHA256.HashData(bytes);
    }
}
