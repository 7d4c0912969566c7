using Proximal.Rewards;
using Proximal.Rollouts;

namespace Proximal.Tests.Rewards;

/// <summary>Batches for rewards that are tested by themselves.</summary>
internal static class RewardBatches
{
    /// <summary>One response a text; its tokens are its characters.</summary>
    public static RewardBatch OfTexts(params string[] texts) => new(
        [.. texts.Select(text => new RewardRow
        {
            PromptTokens = [1],
            ResponseTokens = [.. text.Select(c => (int)c)],
            PromptText = "prompt",
            ResponseText = text,
            FinishReason = FinishReason.Length,
        })]);

    /// <summary>One response without text a token list.</summary>
    public static RewardBatch OfTokens(params int[][] responses) => new(
        [.. responses.Select((tokens, row) => new RewardRow
        {
            PromptTokens = [1],
            ResponseTokens = tokens,
            FinishReason = FinishReason.Stop,
            Source = $"prompts.jsonl:{row + 1}",
        })]);
}
