using System.Diagnostics;
using Proximal.Diagnostics;

namespace Proximal.Rewards;

/// <summary>Calls rewards and lets only usable results through.</summary>
internal static class RewardRunner
{
    /// <summary>Scores a batch and checks the result.</summary>
    /// <exception cref="RewardException">The reward threw or returned what cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<RewardResult> ScoreAsync(
        IReward reward, RewardBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using Activity? activity = Activities.StartReward(reward.Name);
        long start = Stopwatch.GetTimestamp();
        try
        {
            return await CallAsync(reward, batch, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Fail(exception);
            throw;
        }
        finally
        {
            Instruments.Scored(reward.Name, Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>A short name of a row for messages: its place, and its prompt's where that is known.</summary>
    public static string Describe(RewardBatch batch, int row) =>
        batch.Rows[row].Source is { } source ? $"row {row} (prompt {source})" : $"row {row}";

    /// <summary>Throws unless a name can be a part of a metric's.</summary>
    public static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"'{name}' cannot name a reward: use letters, digits, '_', '-' and '.'.", nameof(name));
        }
    }

    /// <summary>Whether a name can be a part of a metric's.</summary>
    public static bool IsName(string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static async ValueTask<RewardResult> CallAsync(
        IReward reward, RewardBatch batch, CancellationToken cancellationToken)
    {
        RewardResult? result;
        try
        {
            result = await reward.ScoreAsync(batch, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!Passes(exception, cancellationToken))
        {
            throw new RewardException(
                reward.Name,
                row: null,
                $"The reward '{reward.Name}' failed on a batch of {batch.Count} responses: "
                + $"{exception.GetType().Name}: {exception.Message}",
                exception);
        }

        Check(reward.Name, batch, result);
        return result;
    }

    private static bool Passes(Exception exception, CancellationToken cancellationToken) =>
        exception is RewardException
        || (exception is OperationCanceledException && cancellationToken.IsCancellationRequested);

    private static void Check(string name, RewardBatch batch, RewardResult? result)
    {
        if (result?.Scores is null)
        {
            throw new RewardException(
                name, row: null, $"The reward '{name}' returned nothing: expected {batch.Count} scores, one a response.");
        }

        CheckArray(name, "scores", result.Scores, batch);
        foreach ((string component, float[] values) in result.Components)
        {
            CheckArray(name, $"values of its component '{component}'", values, batch);
        }

        if (result.TokenRewards is { } tokenRewards)
        {
            CheckTokens(name, tokenRewards, batch);
        }
    }

    private static void CheckArray(string name, string what, float[]? values, RewardBatch batch)
    {
        if (values?.Length != batch.Count)
        {
            throw new RewardException(
                name,
                row: null,
                $"The reward '{name}' returned {values?.Length ?? 0} {what} for {batch.Count} responses: "
                + "it must return one for each, in order.");
        }

        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new RewardException(
                name,
                bad,
                $"The reward '{name}' returned {values[bad]} among its {what}, for {Describe(batch, bad)}: "
                + "every one must be a finite number.");
        }
    }

    private static void CheckTokens(string name, float[] values, RewardBatch batch)
    {
        if (values.Length != batch.ResponseTokenCount)
        {
            throw new RewardException(
                name,
                row: null,
                $"The reward '{name}' returned {values.Length} token rewards for {batch.ResponseTokenCount} response "
                + "tokens: it must return one for each, response after response.");
        }

        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad < 0)
        {
            return;
        }

        int row = Enumerable.Range(0, batch.Count).Last(s => batch.ResponseOffsets[s] <= bad);
        throw new RewardException(
            name,
            row,
            $"The reward '{name}' returned the token reward {values[bad]} for token {bad - batch.ResponseOffsets[row]} of "
            + $"{Describe(batch, row)}: every one must be a finite number.");
    }
}
