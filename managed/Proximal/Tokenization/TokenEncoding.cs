namespace Proximal.Tokenization;

/// <summary>A text's tokens with their places in it. Immutable.</summary>
public sealed class TokenEncoding
{
    internal TokenEncoding(int[] ids, TokenOffset[] offsets)
    {
        Ids = ids;
        Offsets = offsets;
    }

    /// <summary>The ids.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>Per id its place in the text, in code points; (0, 0) for a special token that the post-processor added.</summary>
    public IReadOnlyList<TokenOffset> Offsets { get; }
}
