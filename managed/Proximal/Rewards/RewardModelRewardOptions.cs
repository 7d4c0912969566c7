using Proximal.Configuration;
using Proximal.Models;

namespace Proximal.Rewards;

/// <summary>The score of a reward model, normalised where that is wanted.</summary>
/// <remarks>Options of a <see cref="RewardModelReward"/>.</remarks>
public sealed record RewardModelRewardOptions : RewardOptions
{
    /// <summary>The reward model's folder.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>Normalises scores as the folder's reward_normalization.json says, which must be there then.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>The most tokens of one forward pass; at least 1.</summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <inheritdoc/>
    public override IReward Create(RewardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        string path = context.Resolve(Path);
        RewardNormalization? normalization = Normalize
            ? RewardNormalization.Read(path) ?? throw new ArgumentException(
                $"{path} has no {RewardNormalization.FileName}: train it with `proximal rm`, or set normalize: false to take its scores as they are.")
            : null;
        LanguageModel model = context.Own(Load(context.Engine, path));
        return new RewardModelReward(model, normalization, MicroBatchTokens, Name ?? RewardModelReward.DefaultName);
    }

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        Internal.Require.AtLeast(MicroBatchTokens, 1);
    }

    private static LanguageModel Load(Engine engine, string path)
    {
        try
        {
            return LanguageModel.Load(engine, path, ModelHead.Scalar);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"{path} has no scalar head (score.weight): name a reward model.", exception);
        }
    }
}
