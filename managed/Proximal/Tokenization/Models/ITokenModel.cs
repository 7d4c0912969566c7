namespace Proximal.Tokenization.Models;

/// <summary>Turns one word into tokens. Implementations are immutable but for caches that any thread may use.</summary>
internal interface ITokenModel
{
    /// <summary>What the model can produce.</summary>
    Vocabulary Vocabulary { get; }

    /// <summary>Appends a word's tokens.</summary>
    /// <param name="word">The word, not empty.</param>
    /// <param name="ids">Takes the ids.</param>
    /// <param name="spans">Takes where each stands, when given.</param>
    void Encode(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans);
}
