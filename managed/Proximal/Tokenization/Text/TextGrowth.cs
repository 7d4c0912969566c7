namespace Proximal.Tokenization.Text;

/// <summary>Ends replacements that would fill the memory: a file of a few lines can double a text forty times.</summary>
internal static class TextGrowth
{
    // The longest decomposition of Unicode has 18 characters.
    private const long LargestFactor = 32;
    private const long AlwaysAllowed = 1 << 16;
    private const long NeverAllowed = 1 << 27;

    /// <summary>Fails when a text has grown too much in one step.</summary>
    /// <exception cref="InvalidOperationException">It has.</exception>
    public static void Check(long length, int before)
    {
        if (length > Math.Min(Math.Max(AlwaysAllowed, LargestFactor * before), NeverAllowed))
        {
            throw new InvalidOperationException(
                $"A replacement of the tokenizer makes {length} or more characters of {before}. Its tokenizer.json is damaged: fetch it again.");
        }
    }
}
