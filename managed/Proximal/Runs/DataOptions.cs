using Proximal.Configuration;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>A file of rows with a prompt and an answer, and how they become sequences of tokens.</summary>
public abstract record DataOptions
{
    /// <summary>A .jsonl, .ndjson or .json file.</summary>
    [ConfigurationPath]
    public required string Path { get; init; }

    /// <summary>The most tokens of a sequence; 0: the model's context.</summary>
    public int MaxTokens { get; init; }

    /// <summary>What happens to rows that are longer.</summary>
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    /// <summary>Puts the end token behind every answer, so that it is learned where answers end.</summary>
    public bool AppendEnd { get; init; } = true;

    /// <summary>The end token; <see langword="null"/>: the tokenizer's.</summary>
    public int? EndTokenId { get; init; }

    /// <summary>What stands between prompt and answer; it is learned as a part of the answer.</summary>
    public string Separator { get; init; } = string.Empty;

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    internal virtual void Validate()
    {
        Require.NotBlank(Path, nameof(Path));
        Require.AtLeast(MaxTokens, 0);
        Require.Defined(TooLong);
        Require.NotNull(Separator);
        if (MaxTokens == 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxTokens), MaxTokens, "One token is no sequence to learn: expected 0 or at least 2.");
        }
    }

    /// <summary>What the rows' texts are encoded with for a model.</summary>
    internal SequenceEncoder CreateEncoder(Tokenizer tokenizer, LanguageModel model)
    {
        int context = model.Info.ContextLength;
        if (MaxTokens > context)
        {
            throw new ArgumentException($"max_tokens is {MaxTokens}, more than the model's context of {context}: lower it.");
        }

        return new SequenceEncoder(tokenizer, new SequenceLimits
        {
            MaxTokens = MaxTokens > 0 ? MaxTokens : context,
            TooLong = TooLong,
            EndToken = AppendEnd ? EndToken(tokenizer, model) : null,
            Separator = Separator,
        });
    }

    private int EndToken(Tokenizer tokenizer, LanguageModel model)
    {
        int end = EndTokenId ?? tokenizer.EosTokenId ?? throw new ArgumentException(
            "The tokenizer names no end token: set end_token_id, or append_end: false.");
        return end >= 0 && end < model.Info.VocabularySize
            ? end
            : throw new ArgumentException($"The end token {end} is none of the model's, 0 to {model.Info.VocabularySize - 1}: correct end_token_id.");
    }
}
