using Proximal.Data;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace Proximal.Training.Ppo;

/// <summary>Hands the responses of a rollout to a reward, with text where there is a tokenizer.</summary>
internal sealed class ResponseScorer(IReward reward, Tokenizer? tokenizer)
{
    /// <summary>The rollout with texts, scores and components.</summary>
    /// <exception cref="RewardException">The reward failed.</exception>
    public async Task<Rollout> ScoreAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        string[] texts = Texts(rollout);
        var batch = new RewardBatch(
            [.. Enumerable.Range(0, rollout.Sequences).Select(s => Row(rollout, s, texts.ElementAtOrDefault(s)))]);
        RewardResult result = await RewardRunner.ScoreAsync(reward, batch, cancellationToken).ConfigureAwait(false);
        return rollout with
        {
            ResponseTexts = texts,
            Scores = result.Scores,
            Components = Components(result),
            TokenScores = result.TokenRewards is { } tokenRewards ? Unpack(rollout, batch, tokenRewards) : [],
        };
    }

    private string[] Texts(Rollout rollout) => tokenizer is null
        ? []
        : [.. Enumerable.Range(0, rollout.Sequences).Select(s => tokenizer.Decode(rollout.Tokens[rollout.Response(s)]))];

    private static RewardRow Row(Rollout rollout, int s, string? responseText)
    {
        Prompt? prompt = rollout.Prompts.ElementAtOrDefault(s);
        var row = new RewardRow
        {
            PromptTokens = rollout.Tokens[(int)rollout.Offsets[s]..rollout.Response(s).Start],
            ResponseTokens = rollout.Tokens[rollout.Response(s)],
            FinishReason = rollout.FinishReasons[s],
            Metadata = prompt?.Metadata,
            Source = prompt?.Source,
        };
        row = prompt?.Text is { } promptText ? row with { PromptText = promptText } : row;
        return responseText is null ? row : row with { ResponseText = responseText };
    }

    /// <summary>A reward that names no parts is its own one.</summary>
    private IReadOnlyDictionary<string, float[]> Components(RewardResult result) => reward is MixtureReward
        ? result.Components
        : result.Components
            .Select(component => KeyValuePair.Create($"{reward.Name}/{component.Key}", component.Value))
            .Prepend(KeyValuePair.Create(reward.Name, result.Scores))
            .ToDictionary();

    private static float[] Unpack(Rollout rollout, RewardBatch batch, float[] tokenRewards)
    {
        float[] unpacked = new float[rollout.Count];
        for (int s = 0; s < rollout.Sequences; s++)
        {
            tokenRewards.AsSpan(batch.ResponseOffsets[s]..batch.ResponseOffsets[s + 1])
                .CopyTo(unpacked.AsSpan(rollout.Response(s)));
        }

        return unpacked;
    }
}
