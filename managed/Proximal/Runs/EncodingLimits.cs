using Proximal.Internal;
using Proximal.Models;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>What the options say of the length and the end of sequences, checked against the model.</summary>
internal static class EncodingLimits
{
    /// <summary>Throws unless sequences of so many tokens can be learned; 0 stands for the model's context.</summary>
    public static void Check(int maxTokens, string name)
    {
        Require.AtLeast(maxTokens, 0, name);
        if (maxTokens == 1)
        {
            throw new ArgumentOutOfRangeException(name, maxTokens, "One token is no sequence to learn: expected 0 or at least 2.");
        }
    }

    /// <summary>The most tokens of a sequence.</summary>
    /// <param name="maxTokens">As the options say; 0: the model's context.</param>
    /// <param name="model">The model.</param>
    public static int MaxTokens(int maxTokens, LanguageModel model)
    {
        int context = model.Info.ContextLength;
        return maxTokens <= context
            ? maxTokens > 0 ? maxTokens : context
            : throw new ArgumentException($"max_tokens is {maxTokens}, more than the model's context of {context}: lower it.");
    }

    /// <summary>The token that stands at the end of sequences.</summary>
    /// <param name="endTokenId">As the options say; <see langword="null"/>: the tokenizer's.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="model">The model.</param>
    public static int EndToken(int? endTokenId, Tokenizer tokenizer, LanguageModel model)
    {
        int end = endTokenId ?? tokenizer.EosTokenId ?? throw new ArgumentException(
            "The tokenizer names no end token: set end_token_id, or append_end: false.");
        return end >= 0 && end < model.Info.VocabularySize
            ? end
            : throw new ArgumentException($"The end token {end} is none of the model's, 0 to {model.Info.VocabularySize - 1}: correct end_token_id.");
    }
}
