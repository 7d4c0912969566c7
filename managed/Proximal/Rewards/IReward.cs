namespace Proximal.Rewards;

/// <summary>Scores responses.</summary>
/// <remarks>
/// A reward may be called from any thread, by one caller at a time. It returns one finite score a response; one that
/// throws, returns another number of scores or one that is not finite ends the step with a <see cref="RewardException"/>.
/// </remarks>
public interface IReward
{
    /// <summary>The name of its curve, <c>reward/NAME</c>: letters, digits, <c>_</c>, <c>-</c> and <c>.</c>.</summary>
    string Name { get; }

    /// <summary>Scores a batch.</summary>
    /// <param name="batch">The responses and where they came from.</param>
    /// <param name="cancellationToken">Ends the work; the task is then cancelled.</param>
    ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default);
}
