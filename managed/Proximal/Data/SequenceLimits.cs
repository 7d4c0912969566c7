using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>How texts become sequences of tokens.</summary>
public sealed record SequenceLimits
{
    /// <summary>The most tokens of a sequence, at least 2.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>What happens to longer ones.</summary>
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    /// <summary>The token that is put at the end of every response that is a text; <see langword="null"/>: none.</summary>
    /// <remarks>A chat template ends turns itself; of a pair of conversations the sequences end with this token where the template writes it.</remarks>
    public int? EndToken { get; init; }

    /// <summary>What stands between prompt and response; it is learned as a part of the response.</summary>
    public string Separator { get; init; } = string.Empty;

    /// <summary>What is learned of a conversation.</summary>
    public ChatLoss LossOn { get; init; } = ChatLoss.Assistant;
}
