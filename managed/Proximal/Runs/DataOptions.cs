using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>Rows with a prompt and an answer, and how they become sequences of tokens.</summary>
public abstract record DataOptions : RowSourceOptions
{
    /// <summary>The most tokens of a sequence; 0: the model's context.</summary>
    public int MaxTokens { get; init; }

    /// <summary>What happens to rows that are longer.</summary>
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    /// <summary>
    /// Puts the end token behind every answer that is a text, so that it is learned where answers end. A chat template ends
    /// the turns of conversations itself; those of preference pairs then end with this token where the template writes it.
    /// </summary>
    public bool AppendEnd { get; init; } = true;

    /// <summary>The end token; <see langword="null"/>: the tokenizer's.</summary>
    public int? EndTokenId { get; init; }

    /// <summary>What stands between prompt and answer where both are texts; it is learned as a part of the answer.</summary>
    public string Separator { get; init; } = string.Empty;

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    internal override void Validate()
    {
        base.Validate();
        EncodingLimits.Check(MaxTokens, nameof(MaxTokens));
        Require.Defined(TooLong);
        Require.NotNull(Separator);
    }

    /// <summary>What is learned of conversations.</summary>
    internal virtual ChatLoss Loss => ChatLoss.Assistant;

    /// <summary>What the rows are encoded with for a model.</summary>
    internal SequenceEncoder CreateEncoder(Tokenizer tokenizer, LanguageModel model, ChatEncoder? chat) => new(tokenizer, new SequenceLimits
    {
        MaxTokens = EncodingLimits.MaxTokens(MaxTokens, model),
        TooLong = TooLong,
        EndToken = AppendEnd ? EncodingLimits.EndToken(EndTokenId, tokenizer, model) : null,
        Separator = Separator,
        LossOn = Loss,
    }, chat);
}
