using Proximal.ChatTemplates;
using Proximal.Tokenization;

namespace Proximal.Data;

/// <summary>Turns examples and preference pairs into tokens.</summary>
/// <remarks>
/// A sequence is the tokens of prompt and response encoded as one text, as a model meets it; its prompt part is what those
/// tokens share with the prompt encoded alone. So a token that spans both counts as the response's. A conversation is what the
/// model's chat template makes of it; what is learned of an example is what the assistant says there.
/// </remarks>
public sealed class SequenceEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly SequenceLimits _limits;
    private readonly ConversationEncoder _conversations;

    /// <summary>Makes an encoder.</summary>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are added in front.</param>
    /// <param name="limits">Lengths, and what stands between and behind the texts.</param>
    /// <param name="chat">Writes conversations; <see langword="null"/>: the model has no chat template, and rows with conversations are refused.</param>
    public SequenceEncoder(Tokenizer tokenizer, SequenceLimits limits, ChatEncoder? chat = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxTokens, 2, nameof(limits));
        _tokenizer = tokenizer;
        _limits = limits;
        _conversations = new ConversationEncoder(chat);
    }

    /// <summary>Encodes examples.</summary>
    /// <param name="examples">Examples with texts or conversations.</param>
    /// <param name="dropped">Receives how many were left out because they are too long.</param>
    /// <exception cref="DataFileException">An example comes to no response token or is too long, or none is left; the text names row or file.</exception>
    public IReadOnlyList<SftExample> Encode(IEnumerable<SftExample> examples, out int dropped)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var encoded = new List<SftExample>();
        dropped = Encode(examples, encoded.Add);
        return encoded;
    }

    /// <summary>Encodes examples one after the other.</summary>
    /// <returns>How many were left out because they are too long.</returns>
    /// <exception cref="DataFileException">As above.</exception>
    internal int Encode(IEnumerable<SftExample> examples, Action<SftExample> add)
    {
        int kept = 0;
        int dropped = 0;
        string? file = null;
        foreach (SftExample example in examples)
        {
            if (Encode(example) is { } learnable)
            {
                kept++;
                add(learnable);
            }
            else
            {
                dropped++;
                file = example.File;
            }
        }

        RequireAny(kept, dropped, file);
        return dropped;
    }

    /// <summary>Encodes pairs.</summary>
    /// <param name="pairs">Pairs with texts or conversations.</param>
    /// <param name="dropped">Receives how many were left out because an answer is too long, or both are the same once cut.</param>
    /// <exception cref="DataFileException">An answer comes to no token or is too long, or none is left; the text names row or file.</exception>
    public IReadOnlyList<PreferencePair> Encode(IEnumerable<PreferencePair> pairs, out int dropped)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var encoded = new List<PreferencePair>();
        dropped = Encode(pairs, encoded.Add);
        return encoded;
    }

    /// <summary>Encodes pairs one after the other.</summary>
    /// <returns>How many were left out because an answer is too long, or both are the same once cut.</returns>
    /// <exception cref="DataFileException">As above.</exception>
    internal int Encode(IEnumerable<PreferencePair> pairs, Action<PreferencePair> add)
    {
        int kept = 0;
        int dropped = 0;
        string? file = null;
        foreach (PreferencePair pair in pairs)
        {
            if (Encode(pair) is var (chosen, rejected) && !chosen.AsSpan().SequenceEqual(rejected))
            {
                kept++;
                add(pair with { ChosenTokens = chosen, RejectedTokens = rejected });
            }
            else
            {
                dropped++;
                file = pair.File;
            }
        }

        RequireAny(kept, dropped, file);
        return dropped;
    }

    /// <summary>The example with its tokens; <see langword="null"/>: too long, and dropped.</summary>
    internal SftExample? Encode(SftExample example)
    {
        if (example.Conversation is null)
        {
            return Sequence(example.Prompt, example.Response, example.File, example.Line, "the row") is var (tokens, prompt)
                ? example with { Tokens = tokens, PromptTokens = prompt }
                : null;
        }

        ChatTokens chat = _conversations.EncodeForTraining(example, _limits.LossOn);
        int first = Array.IndexOf(chat.AssistantMask, true, startIndex: Math.Min(1, chat.Ids.Length));
        if (first < 0)
        {
            throw Wrong(example.File, example.Line, "the conversation comes to no token to learn: give the assistant something to say or drop the row");
        }

        return Fitting(chat.Ids, first, example.File, example.Line, "the conversation") is { } kept
            ? example with { Tokens = kept, Learned = chat.AssistantMask[..kept.Length] }
            : null;
    }

    /// <summary>The tokens of both answers with their prompt; <see langword="null"/>: one is too long, and the pair dropped.</summary>
    internal (int[] Chosen, int[] Rejected)? Encode(PreferencePair pair)
    {
        if (pair.ChosenConversation is null)
        {
            return Sequence(pair.Prompt, pair.Chosen, pair.File, pair.Line, "the chosen answer") is var (better, _)
                && Sequence(pair.Prompt, pair.Rejected, pair.File, pair.Line, "the rejected answer") is var (worse, _)
                ? (better, worse)
                : null;
        }

        int[] chosen = _conversations.Encode(pair.ChosenConversation, pair.File, pair.Line).Ids;
        int[] rejected = _conversations.Encode(pair.RejectedConversation!, pair.File, pair.Line).Ids;
        int shared = chosen.AsSpan().CommonPrefixLength(rejected);
        return Fitting(Ended(chosen, shared), shared, pair.File, pair.Line, "the chosen conversation") is { } c
            && Fitting(Ended(rejected, shared), shared, pair.File, pair.Line, "the rejected conversation") is { } r
            ? (c, r)
            : null;
    }

    /// <summary>
    /// A conversation without what the template writes behind the answer's end token, such as a line end: a policy's answers
    /// end with that token, and there they are scored.
    /// </summary>
    private int[] Ended(int[] tokens, int shared)
    {
        int end = _limits.EndToken is { } token ? tokens.AsSpan(shared).LastIndexOf(token) : -1;
        return end < 0 ? tokens : tokens[..(shared + end + 1)];
    }

    /// <summary>The tokens of a prompt and a response, and how many are the prompt's; <see langword="null"/>: too long, and dropped.</summary>
    private (int[] Tokens, int Prompt)? Sequence(string? prompt, string response, string? file, int? line, string what)
    {
        int[] alone = prompt is null ? [] : _tokenizer.Encode(prompt);
        int[] text = _tokenizer.Encode(prompt is null ? response : prompt + _limits.Separator + response);
        int shared = alone.AsSpan().CommonPrefixLength(text);
        int[] tokens = _limits.EndToken is { } end ? [.. text, end] : text;
        if (text.Length <= Math.Max(shared, prompt is null ? 1 : 0))
        {
            throw Wrong(file, line, $"{what} comes to no token to learn: give it a longer text or drop the row");
        }

        return Fitting(tokens, shared, file, line, what) is { } kept ? (kept, shared) : null;
    }

    /// <summary>The tokens, as many as may be kept; <see langword="null"/>: too long, and dropped.</summary>
    /// <param name="tokens">A sequence.</param>
    /// <param name="shared">Its tokens before the first one that the row is there for.</param>
    /// <param name="file">The row's file.</param>
    /// <param name="line">The row's line.</param>
    /// <param name="what">What the sequence is, for messages.</param>
    private int[]? Fitting(int[] tokens, int shared, string? file, int? line, string what)
    {
        if (tokens.Length <= _limits.MaxTokens)
        {
            return tokens;
        }

        string length = $"{what} has {tokens.Length} tokens with its prompt's {shared}, more than {_limits.MaxTokens}";
        return _limits.TooLong switch
        {
            TooLong.Drop => null,
            TooLong.Refuse => throw Wrong(file, line, $"{length}: shorten it, or set too_long to drop or cut"),
            _ when shared >= _limits.MaxTokens => throw Wrong(file, line, $"{length}, and its prompt leaves no room: shorten the prompt, or set too_long to drop"),
            _ => tokens[.._limits.MaxTokens],
        };
    }

    private static void RequireAny(int kept, int dropped, string? file)
    {
        if (kept == 0)
        {
            throw Wrong(file, null, $"all {dropped} rows were too long, or the same once cut, and left out: raise max_tokens, or set too_long to cut");
        }
    }

    private static DataFileException Wrong(string? file, int? line, string what) => new(file ?? "rows", line, what);
}
