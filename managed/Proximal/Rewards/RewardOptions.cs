using System.Text.Json.Serialization;

namespace Proximal.Rewards;

/// <summary>One entry of a run's reward list; <c>type</c> says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RewardModelRewardOptions), "model")]
[JsonDerivedType(typeof(LexiconRewardOptions), "lexicon")]
[JsonDerivedType(typeof(RepetitionRewardOptions), "repetition")]
[JsonDerivedType(typeof(LengthRewardOptions), "length")]
[JsonDerivedType(typeof(OverlongRewardOptions), "overlong")]
[JsonDerivedType(typeof(FormatRewardOptions), "format")]
[JsonDerivedType(typeof(ExactAnswerRewardOptions), "exact_answer")]
[JsonDerivedType(typeof(HttpRewardOptions), "http")]
public abstract record RewardOptions
{
    /// <summary>The name of its curve, <c>reward/NAME</c>; <see langword="null"/>: the type's.</summary>
    public string? Name { get; init; }

    /// <summary>Multiplies its score in the sum of all rewards; finite.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Makes the reward.</summary>
    /// <param name="context">Resolves paths, computes models, and owns what has to be disposed.</param>
    public abstract IReward Create(RewardContext context);

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    internal virtual void Validate() => Internal.Require.Finite(Weight);
}
