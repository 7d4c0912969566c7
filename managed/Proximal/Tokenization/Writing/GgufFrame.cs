namespace Proximal.Tokenization.Writing;

/// <summary>The tokens with a role, and which of them stand around a text.</summary>
/// <param name="Begin">The token that begins a sequence.</param>
/// <param name="End">The token that ends one.</param>
/// <param name="Pad">The token that fills rows up.</param>
/// <param name="AddsBegin">It stands before every text.</param>
/// <param name="AddsEnd">It stands after every text.</param>
internal sealed record GgufFrame(int? Begin, int End, int? Pad, bool AddsBegin, bool AddsEnd)
{
    /// <summary>Their ids.</summary>
    public IEnumerable<int> Ids => new[] { Begin, End, Pad }.OfType<int>();

    /// <summary>Finds out what a tokenizer does.</summary>
    /// <exception cref="TokenizerException">A GGUF file cannot say it.</exception>
    public static GgufFrame Of(Tokenizer tokenizer, string file)
    {
        (int[] before, int[] after) = Around(tokenizer);
        int? begin = before.Length == 1 ? before[0] : tokenizer.BosTokenId;
        int? end = after.Length == 1 ? after[0] : tokenizer.EosTokenId;
        if (before.Length > 1 || after.Length > 1 || (tokenizer.BosTokenId ?? begin) != begin || (tokenizer.EosTokenId ?? end) != end)
        {
            throw GgufObstacle.At(
                file,
                "post_processor",
                "a GGUF file can put the begin token before a text and the end token after it; this one puts "
                + $"[{string.Join(", ", before)}] before and [{string.Join(", ", after)}] after, with begin {Shown(tokenizer.BosTokenId)} and end {Shown(tokenizer.EosTokenId)}");
        }

        return new GgufFrame(begin, end ?? throw Endless(file), tokenizer.PadTokenId, before.Length == 1, after.Length == 1);
    }

    private static (int[] Before, int[] After) Around(Tokenizer tokenizer)
    {
        int[] bare = tokenizer.Encode("a", addSpecialTokens: false);
        int[] whole = tokenizer.Encode("a");
        int start = Enumerable.Range(0, whole.Length - bare.Length + 1).First(place => whole.AsSpan(place, bare.Length).SequenceEqual(bare));
        return (whole[..start], whole[(start + bare.Length)..]);
    }

    private static string Shown(int? id) => id?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none";

    private static TokenizerException Endless(string file) => new(
        ProximalStatus.Unsupported,
        file,
        "",
        "it names no token that ends a sequence, and llama.cpp takes one by its number then",
        $"Name it in {Loading.SpecialTokens.ConfigFile} beside it: \"eos_token\"");
}
