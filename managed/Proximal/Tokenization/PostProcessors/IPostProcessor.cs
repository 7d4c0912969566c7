namespace Proximal.Tokenization.PostProcessors;

/// <summary>Adds special tokens around a text's tokens and trims offsets. Immutable.</summary>
internal interface IPostProcessor
{
    /// <summary>Adds the special tokens.</summary>
    /// <typeparam name="T">What stands for a token.</typeparam>
    /// <param name="tokens">The text's own.</param>
    /// <param name="special">Makes one from an id.</param>
    List<T> Frame<T>(List<T> tokens, Func<int, T> special);

    /// <summary>Trims offsets in place.</summary>
    void Trim(List<EncodedToken> tokens);
}
