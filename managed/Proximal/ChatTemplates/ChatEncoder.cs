using System.Text.Json;
using Proximal.Tokenization;

namespace Proximal.ChatTemplates;

/// <summary>Turns conversations into token ids by a model's template and tokenizer.</summary>
/// <remarks>The text of a template holds its special tokens, so the tokenizer adds none. Immutable; any thread may encode.</remarks>
public sealed class ChatEncoder
{
    private readonly ModelChatTemplate _template;
    private readonly Tokenizer _tokenizer;

    /// <summary>Makes an encoder.</summary>
    /// <param name="template">The model's template.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public ChatEncoder(ModelChatTemplate template, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _template = template;
        _tokenizer = tokenizer;
    }

    /// <summary>Turns a conversation into ids.</summary>
    /// <param name="request">The conversation and what goes with it.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or cannot be run on it.</exception>
    public int[] Encode(ChatRequest request) => _tokenizer.Encode(_template.Render(request).Text, addSpecialTokens: false);

    /// <summary>Turns a conversation into ids and finds those that the assistant says.</summary>
    /// <param name="request">The conversation, whole: neither to be opened nor to be continued.</param>
    /// <remarks>
    /// A template that marks what the assistant says with {% generation %} is taken at its word: an id counts when it holds
    /// a character of such a block. Without it, each answer is what rendering the conversation up to it adds to rendering
    /// what is before it with the assistant's turn opened; the end-of-turn mark that the template writes is then part of it.
    /// </remarks>
    /// <exception cref="ChatTemplateException">
    /// The template refuses the conversation; or it does not mark answers, and rendering parts of the conversation does not
    /// tell where they are.
    /// </exception>
    public ChatTokens EncodeForTraining(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.AddGenerationPrompt || request.ContinueFinalMessage)
        {
            throw new ArgumentException("A conversation to learn from is whole: it opens no answer and continues none.", nameof(request));
        }

        RenderedChat rendered = _template.Render(request);
        bool marked = _template.Template.TracksGeneration;
        IReadOnlyList<(int Start, int End)> spans = marked ? rendered.GenerationSpans : AnswersByPrefix(request, rendered.Text);
        TokenEncoding encoding = _tokenizer.EncodeWithOffsets(rendered.Text, addSpecialTokens: false);
        return new ChatTokens(rendered.Text, [.. encoding.Ids], Mask(rendered.Text, spans, encoding, exact: !marked));
    }

    private List<(int Start, int End)> AnswersByPrefix(ChatRequest request, string text)
    {
        JsonElement[] messages = [.. request.Messages.EnumerateArray()];
        List<(int Start, int End)> spans = [];
        for (int i = 0; i < messages.Length; i++)
        {
            if (!IsAssistant(messages[i]))
            {
                continue;
            }

            string before = RenderFirst(request, messages, i, opensAnswer: true);
            string through = RenderFirst(request, messages, i + 1, opensAnswer: false);
            if (!through.StartsWith(before, StringComparison.Ordinal) || !text.StartsWith(through, StringComparison.Ordinal))
            {
                throw Inexact($"message {i}: the conversation up to it is rendered differently from how the whole one begins");
            }

            spans.Add((before.Length, through.Length));
        }

        return spans;
    }

    private string RenderFirst(ChatRequest request, JsonElement[] messages, int count, bool opensAnswer)
    {
        try
        {
            return _template.Render(request with
            {
                Messages = JsonSerializer.SerializeToElement(messages[..count]),
                AddGenerationPrompt = opensAnswer,
            }).Text;
        }
        catch (ChatTemplateException failure)
        {
            throw Inexact($"the template does not render the first {count} messages alone: {failure.Text}", failure);
        }
    }

    private static bool IsAssistant(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out JsonElement role)
        && role.ValueKind == JsonValueKind.String && role.ValueEquals("assistant");

    /// <summary>Marks the ids that hold a character of a span; exact: none may also hold one from before it.</summary>
    private static bool[] Mask(string text, IReadOnlyList<(int Start, int End)> spans, TokenEncoding encoding, bool exact)
    {
        bool[] mask = new bool[encoding.Ids.Count];
        int utf16 = 0;
        int point = 0;
        int token = 0;
        foreach ((int start, int end) in spans)
        {
            int first = PointAt(text, start, ref utf16, ref point);
            int last = PointAt(text, end, ref utf16, ref point);
            while (token < mask.Length && encoding.Offsets[token].End <= first)
            {
                token++;
            }

            if (exact && token < mask.Length && encoding.Offsets[token].Start < first && first < last)
            {
                throw Inexact($"a token holds the end of what is before an answer and the answer's beginning (character {first})");
            }

            for (int i = token; i < mask.Length && encoding.Offsets[i].Start < last; i++)
            {
                mask[i] = encoding.Offsets[i].End > first;
            }
        }

        return mask;
    }

    /// <summary>The code points before a place in UTF-16 units; places come in order.</summary>
    private static int PointAt(string text, int target, ref int utf16, ref int point)
    {
        for (; utf16 < target; utf16++)
        {
            point += char.IsLowSurrogate(text[utf16]) && utf16 > 0 && char.IsHighSurrogate(text[utf16 - 1]) ? 0 : 1;
        }

        return point;
    }

    private static ChatTemplateException Inexact(string what, Exception? inner = null) => new(
        ChatTemplateErrorKind.Conversation,
        $"{what}, so what the assistant says cannot be told from the rest; put {{% generation %}} and {{% endgeneration %}} around it in the template",
        line: 0,
        inner);
}
