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

    /// <summary>What strftime_now sees in every conversation; <see langword="null"/>: what the conversation says.</summary>
    internal DateTimeOffset? Now { get; init; }

    /// <summary>Turns a conversation into ids.</summary>
    /// <param name="request">The conversation and what goes with it.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or cannot be run on it.</exception>
    public int[] Encode(ChatRequest request) => _tokenizer.Encode(Render(request).Text, addSpecialTokens: false);

    /// <summary>Turns a conversation into its text and ids.</summary>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or cannot be run on it.</exception>
    internal (string Text, int[] Ids) EncodeText(ChatRequest request)
    {
        string text = Render(request).Text;
        return (text, _tokenizer.Encode(text, addSpecialTokens: false));
    }

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
    public ChatTokens EncodeForTraining(ChatRequest request) => EncodeForTraining(request, ChatLoss.Assistant, firstMessage: 0);

    /// <summary>Turns a conversation into ids and finds those to learn.</summary>
    /// <param name="request">The conversation, whole: neither to be opened nor to be continued.</param>
    /// <param name="loss">What is learned.</param>
    /// <param name="firstMessage">The messages before this one are a prompt: of what the assistant says in them nothing is learned.</param>
    /// <exception cref="ChatTemplateException">As above.</exception>
    internal ChatTokens EncodeForTraining(ChatRequest request, ChatLoss loss, int firstMessage)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.AddGenerationPrompt || request.ContinueFinalMessage)
        {
            throw new ArgumentException("A conversation to learn from is whole: it opens no answer and continues none.", nameof(request));
        }

        RenderedChat rendered = Render(request);
        TokenEncoding encoding = _tokenizer.EncodeWithOffsets(rendered.Text, addSpecialTokens: false);
        int[] ids = [.. encoding.Ids];
        if (loss == ChatLoss.All)
        {
            return new ChatTokens(rendered.Text, ids, [.. ids.Select(_ => true)]);
        }

        bool marked = _template.Template.TracksGeneration;
        JsonElement[] messages = [.. request.Messages.EnumerateArray()];
        int first = loss == ChatLoss.LastAssistant
            ? Math.Max(firstMessage, Array.FindLastIndex(messages, ChatMessages.IsAssistants))
            : firstMessage;
        IReadOnlyList<(int Start, int End)> spans = marked
            ? [.. rendered.GenerationSpans.Skip(BlocksBefore(request, messages, first))]
            : AnswersByPrefix(request, messages, first, rendered.Text);
        return new ChatTokens(rendered.Text, ids, Mask(rendered.Text, spans, encoding, exact: !marked));
    }

    private RenderedChat Render(ChatRequest request) => _template.Render(Now is { } now ? request with { Now = now } : request);

    /// <summary>How many {% generation %} blocks the messages before one have.</summary>
    private int BlocksBefore(ChatRequest request, JsonElement[] messages, int first) =>
        messages.AsSpan(0, first).ToArray().Any(ChatMessages.IsAssistants)
            ? RenderFirst(request, messages, first, opensAnswer: false).GenerationSpans.Count
            : 0;

    private List<(int Start, int End)> AnswersByPrefix(ChatRequest request, JsonElement[] messages, int first, string text)
    {
        List<(int Start, int End)> spans = [];
        for (int i = first; i < messages.Length; i++)
        {
            if (!ChatMessages.IsAssistants(messages[i]))
            {
                continue;
            }

            string before = RenderFirst(request, messages, i, opensAnswer: true).Text;
            string through = RenderFirst(request, messages, i + 1, opensAnswer: false).Text;
            if (!through.StartsWith(before, StringComparison.Ordinal) || !text.StartsWith(through, StringComparison.Ordinal))
            {
                throw Inexact($"message {i}: the conversation up to it is rendered differently from how the whole one begins");
            }

            spans.Add((before.Length, through.Length));
        }

        return spans;
    }

    private RenderedChat RenderFirst(ChatRequest request, JsonElement[] messages, int count, bool opensAnswer)
    {
        try
        {
            return Render(request with
            {
                Messages = JsonSerializer.SerializeToElement(messages[..count]),
                AddGenerationPrompt = opensAnswer,
            });
        }
        catch (ChatTemplateException failure)
        {
            throw Inexact($"the template does not render the first {count} messages alone: {failure.Text}", failure);
        }
    }

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
