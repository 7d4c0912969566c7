using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>Turns the conversations of rows into tokens; what a template refuses is said of its row.</summary>
/// <param name="chat">The model's template and tokenizer; <see langword="null"/>: the model has no template, so every conversation is refused.</param>
internal sealed class ConversationEncoder(ChatEncoder? chat)
{
    /// <summary>The text and tokens of a conversation.</summary>
    /// <exception cref="DataFileException">The template refuses it, or there is none.</exception>
    public (string Text, int[] Ids) Encode(ChatRequest conversation, string? file, int? line) =>
        Guard(file, line, encoder => encoder.EncodeText(conversation));

    /// <summary>The tokens of a conversation and which are learned.</summary>
    /// <exception cref="DataFileException">The template refuses it, there is none, or it does not tell what the assistant says.</exception>
    public ChatTokens EncodeForTraining(SftExample example, ChatLoss loss) => Guard(
        example.File, example.Line, encoder => encoder.EncodeForTraining(example.Conversation!, loss, example.PromptMessages));

    private T Guard<T>(string? file, int? line, Func<ChatEncoder, T> encode)
    {
        try
        {
            return encode(chat ?? throw Wrong(
                file,
                line,
                "the row has messages, and the model has no chat template to write them as text: name a .jinja file with the key chat_template, "
                + "put a chat_template.jinja beside the tokenizer, or give rows of texts"));
        }
        catch (ChatTemplateException failure)
        {
            throw Wrong(file, line, $"the chat template does not take the messages: {failure.Message}", failure);
        }
    }

    private static DataFileException Wrong(string? file, int? line, string what, Exception? inner = null) => new(file ?? "rows", line, what, inner);
}
