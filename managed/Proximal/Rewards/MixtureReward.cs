using Proximal.Internal;

namespace Proximal.Rewards;

/// <summary>The weighted sum of rewards. Each part's own score, before its weight, is a component under its name.</summary>
/// <remarks>
/// Components that a part has itself appear as <c>PART/COMPONENT</c>. Token rewards are added up with the same weights.
/// </remarks>
public sealed class MixtureReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "mixture";

    private readonly WeightedReward[] _parts;

    /// <summary>Makes a mixture.</summary>
    /// <param name="parts">At least one; no two of one name.</param>
    /// <param name="name">The name of the sum.</param>
    public MixtureReward(IEnumerable<WeightedReward> parts, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(parts);
        RewardRunner.CheckName(name);
        _parts = [.. parts];
        Name = name;
        if (_parts.Length == 0)
        {
            throw new ArgumentException("A mixture needs at least one reward.", nameof(parts));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (WeightedReward part in _parts)
        {
            Require.Finite(part.Weight, $"weight of '{part.Reward.Name}'");
            RewardRunner.CheckName(part.Reward.Name);
            if (!names.Add(part.Reward.Name))
            {
                throw new ArgumentException(
                    $"Two rewards are named '{part.Reward.Name}', so their curves would be one: give one another name.",
                    nameof(parts));
            }
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The parts, in order.</summary>
    public IReadOnlyList<WeightedReward> Parts => _parts;

    /// <inheritdoc/>
    public async ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        double[] scores = new double[batch.Count];
        double[]? tokens = null;
        var components = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (WeightedReward part in _parts)
        {
            RewardResult result = await RewardRunner.ScoreAsync(part.Reward, batch, cancellationToken).ConfigureAwait(false);
            AddWeighted(scores, result.Scores, part.Weight);
            if (result.TokenRewards is { } tokenRewards)
            {
                AddWeighted(tokens ??= new double[tokenRewards.Length], tokenRewards, part.Weight);
            }

            components.Add(part.Reward.Name, result.Scores);
            foreach ((string component, float[] values) in result.Components)
            {
                components.Add($"{part.Reward.Name}/{component}", values);
            }
        }

        return new RewardResult
        {
            Scores = Array.ConvertAll(scores, score => (float)score),
            Components = components,
            TokenRewards = tokens is null ? null : Array.ConvertAll(tokens, value => (float)value),
        };
    }

    private static void AddWeighted(double[] sums, float[] values, double weight)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += weight * values[i];
        }
    }
}
