using Proximal.Tokenization;

namespace Proximal.Data;

/// <summary>Turns examples and preference pairs into tokens.</summary>
/// <remarks>
/// A sequence is the tokens of prompt and response encoded as one text, as a model meets it; its prompt part is what those
/// tokens share with the prompt encoded alone. So a token that spans both counts as the response's.
/// </remarks>
public sealed class SequenceEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly SequenceLimits _limits;

    /// <summary>Makes an encoder.</summary>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are added in front.</param>
    /// <param name="limits">Lengths, and what stands between and behind the texts.</param>
    public SequenceEncoder(Tokenizer tokenizer, SequenceLimits limits)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxTokens, 2, nameof(limits));
        _tokenizer = tokenizer;
        _limits = limits;
    }

    /// <summary>Encodes examples.</summary>
    /// <param name="examples">Examples with texts.</param>
    /// <param name="dropped">Receives how many were left out because they are too long.</param>
    /// <exception cref="DataFileException">An example comes to no response token or is too long; the text names its row.</exception>
    public IReadOnlyList<SftExample> Encode(IEnumerable<SftExample> examples, out int dropped)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var encoded = new List<SftExample>();
        dropped = 0;
        foreach (SftExample example in examples)
        {
            if (Sequence(example.Prompt, example.Response, example.File, example.Line, "the row") is var (tokens, prompt))
            {
                encoded.Add(example with { Tokens = tokens, PromptTokens = prompt });
            }
            else
            {
                dropped++;
            }
        }

        return NotEmpty(encoded, dropped);
    }

    /// <summary>Encodes pairs.</summary>
    /// <param name="pairs">Pairs with texts.</param>
    /// <param name="dropped">Receives how many were left out because an answer is too long, or both are the same once cut.</param>
    /// <exception cref="DataFileException">An answer comes to no token or is too long; the text names its row.</exception>
    public IReadOnlyList<PreferencePair> Encode(IEnumerable<PreferencePair> pairs, out int dropped)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var encoded = new List<PreferencePair>();
        dropped = 0;
        foreach (PreferencePair pair in pairs)
        {
            if (Sequence(pair.Prompt, pair.Chosen, pair.File, pair.Line, "the chosen answer") is var (chosen, _)
                && Sequence(pair.Prompt, pair.Rejected, pair.File, pair.Line, "the rejected answer") is var (rejected, _)
                && !chosen.AsSpan().SequenceEqual(rejected))
            {
                encoded.Add(pair with { ChosenTokens = chosen, RejectedTokens = rejected });
            }
            else
            {
                dropped++;
            }
        }

        return NotEmpty(encoded, dropped);
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

        if (tokens.Length <= _limits.MaxTokens)
        {
            return (tokens, shared);
        }

        string length = $"{what} has {tokens.Length} tokens with its prompt's {shared}, more than {_limits.MaxTokens}";
        return _limits.TooLong switch
        {
            TooLong.Drop => null,
            TooLong.Refuse => throw Wrong(file, line, $"{length}: shorten it, or set too_long to drop or cut"),
            _ when shared >= _limits.MaxTokens => throw Wrong(file, line, $"{length}, and its prompt leaves no room: shorten the prompt, or set too_long to drop"),
            _ => (tokens[.._limits.MaxTokens], shared),
        };
    }

    private static List<T> NotEmpty<T>(List<T> encoded, int dropped) => encoded.Count > 0
        ? encoded
        : throw new ArgumentException($"All {dropped} rows were too long and left out: raise max_tokens, or cut them.");

    private static DataFileException Wrong(string? file, int? line, string what) => new(file ?? "rows", line, what);
}
