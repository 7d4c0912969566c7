using Proximal.Tokenization;

namespace Proximal.Data;

/// <summary>Turns the text of prompts into tokens and refuses those that leave no room for a response.</summary>
public static class PromptEncoder
{
    /// <summary>Encodes prompts.</summary>
    /// <param name="prompts">Prompts with text.</param>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are added.</param>
    /// <param name="context">The model's longest sequence.</param>
    /// <param name="newTokens">Tokens that must fit behind each prompt.</param>
    /// <exception cref="DataFileException">A prompt is too long or comes to no token; the text names its row.</exception>
    public static IReadOnlyList<Prompt> Encode(
        IReadOnlyList<Prompt> prompts, Tokenizer tokenizer, int context, int newTokens)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        int most = LongestPrompt(context, newTokens);
        if (most < 1)
        {
            throw new ArgumentException(
                $"{newTokens} new tokens leave no room for a prompt in the model's context of {context}: lower them.",
                nameof(newTokens));
        }

        return [.. prompts.Select(prompt => Encode(prompt, tokenizer, context, newTokens, most))];
    }

    /// <summary>The most tokens of a prompt.</summary>
    internal static int LongestPrompt(int context, int newTokens) => context - newTokens;

    private static Prompt Encode(Prompt prompt, Tokenizer tokenizer, int context, int newTokens, int most)
    {
        string text = prompt.Text ?? throw new ArgumentException("A prompt has no text to encode.");
        int[] tokens = [.. tokenizer.Encode(text)];
        if (tokens.Length == 0 || tokens.Length > most)
        {
            string fix = tokens.Length == 0
                ? "give it a text"
                : $"with {newTokens} new ones it does not fit the model's context of {context}; shorten it or lower the new tokens";
            throw new DataFileException(prompt.File ?? "prompts", prompt.Line, $"the prompt has {tokens.Length} tokens: {fix}");
        }

        return prompt with { Tokens = tokens };
    }
}
