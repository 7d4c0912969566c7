using Proximal.ChatTemplates;
using Proximal.Tokenization;

namespace Proximal.Data;

/// <summary>Turns the text of prompts into tokens and refuses those that leave no room for a response.</summary>
public static class PromptEncoder
{
    /// <summary>Encodes prompts.</summary>
    /// <param name="prompts">Prompts with text or a conversation.</param>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are added.</param>
    /// <param name="context">The model's longest sequence.</param>
    /// <param name="newTokens">Tokens that must fit behind each prompt.</param>
    /// <param name="chat">Writes conversations; <see langword="null"/>: the model has no chat template, and prompts with conversations are refused.</param>
    /// <exception cref="DataFileException">A prompt is too long, comes to no token or is refused by the template; the text names its row.</exception>
    public static IReadOnlyList<Prompt> Encode(
        IReadOnlyList<Prompt> prompts, Tokenizer tokenizer, int context, int newTokens, ChatEncoder? chat = null) =>
        Encode(prompts, tokenizer, context, newTokens, chat, maxTokens: 0, drop: false);

    /// <summary>Encodes prompts, of which those that are too long are refused or left out.</summary>
    /// <param name="prompts">Prompts with text or a conversation.</param>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are added.</param>
    /// <param name="context">The model's longest sequence.</param>
    /// <param name="newTokens">Tokens that must fit behind each prompt.</param>
    /// <param name="chat">Writes conversations; <see langword="null"/>: there is no chat template.</param>
    /// <param name="maxTokens">The most tokens of a prompt; 0: what fits.</param>
    /// <param name="drop">Leaves longer ones out.</param>
    internal static IReadOnlyList<Prompt> Encode(
        IReadOnlyList<Prompt> prompts, Tokenizer tokenizer, int context, int newTokens, ChatEncoder? chat, int maxTokens, bool drop)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        int most = LongestPrompt(context, newTokens);
        if (most < 1)
        {
            throw new ArgumentException(
                $"{newTokens} new tokens leave no room for a prompt in the model's context of {context}: lower max_new_tokens.",
                nameof(newTokens));
        }

        most = maxTokens > 0 ? Math.Min(most, maxTokens) : most;
        var conversations = new ConversationEncoder(chat);
        Prompt[] encoded =
        [
            .. prompts.Select(prompt => Encoded(prompt, tokenizer, conversations))
                .Where(prompt => !drop || prompt.Tokens.Length <= most)
                .Select(prompt => Fitting(prompt, context, newTokens, most)),
        ];
        return encoded.Length > 0 || prompts.Count == 0
            ? encoded
            : throw new DataFileException(
                prompts[0].File ?? "prompts", null, $"all {prompts.Count} prompts have more than {most} tokens and were left out: raise max_tokens, or lower max_new_tokens");
    }

    /// <summary>The most tokens of a prompt.</summary>
    internal static int LongestPrompt(int context, int newTokens) => context - newTokens;

    private static Prompt Encoded(Prompt prompt, Tokenizer tokenizer, ConversationEncoder conversations)
    {
        if (prompt.Conversation is { } conversation)
        {
            (string text, int[] ids) = conversations.Encode(conversation, prompt.File, prompt.Line);
            return prompt with { Text = text, Tokens = ids };
        }

        return prompt with { Tokens = tokenizer.Encode(prompt.Text ?? throw new ArgumentException("A prompt has no text to encode.")) };
    }

    private static Prompt Fitting(Prompt prompt, int context, int newTokens, int most)
    {
        int count = prompt.Tokens.Length;
        if (count == 0 || count > most)
        {
            string fix = count == 0
                ? "give it a text"
                : most < LongestPrompt(context, newTokens) ? $"max_tokens is {most}; shorten it, raise max_tokens or set too_long to drop"
                : $"with {newTokens} new ones it does not fit the model's context of {context}; shorten it or lower max_new_tokens";
            throw new DataFileException(prompt.File ?? "prompts", prompt.Line, $"the prompt has {count} tokens: {fix}");
        }

        return prompt;
    }
}
