namespace Proximal.Rewards;

/// <summary>A reward threw, or returned what cannot be used. The step it belonged to is discarded.</summary>
public sealed class RewardException : Exception
{
    /// <summary>Makes an exception for a reward.</summary>
    /// <param name="reward">The reward's name.</param>
    /// <param name="row">The row of the batch; <see langword="null"/>: no single one.</param>
    /// <param name="message">Which reward, which row, which value, and the fix.</param>
    /// <param name="inner">What the reward threw.</param>
    public RewardException(string reward, int? row, string message, Exception? inner = null)
        : base(message, inner)
    {
        Reward = reward;
        Row = row;
    }

    /// <summary>The reward's name.</summary>
    public string Reward { get; }

    /// <summary>The row of the batch, from 0; <see langword="null"/>: no single one.</summary>
    public int? Row { get; }
}
