using Proximal.Configuration;
using Proximal.Internal;
using Proximal.Rollouts;

namespace Proximal.Training.Ppo;

/// <summary>Everything that decides a PPO run's arithmetic. The defaults are for one machine and up to about 1B parameters.</summary>
/// <remarks>A "step" is one pass of the seven numbered parts of <see cref="PpoTrainer"/>; it holds Epochs · Minibatches optimizer steps.</remarks>
public sealed record PpoOptions
{
    /// <summary>PPO steps of the run; at least 1. A resumed run may have more or fewer where no schedule depends on them.</summary>
    [ChangeableOnResume(nameof(SchedulesIgnoreSteps))]
    public int Steps { get; init; } = 100;

    /// <summary>Prompts drawn for each step; at least 1.</summary>
    public int PromptsPerStep { get; init; } = 64;

    /// <summary>Responses to each prompt; at least 1.</summary>
    public int SamplesPerPrompt { get; init; } = 1;

    /// <summary>The most tokens of a response; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>
    /// How responses are drawn. The temperature, above 0, also divides the logits of every log-prob. Top-k, top-p and
    /// min-p change the sampled distribution, so that the KL is biased: the run warns.
    /// </summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens that end a response and are part of it; <see langword="null"/>: the tokenizer's end-of-sequence token.</summary>
    public IReadOnlyList<int>? StopTokenIds { get; init; }

    /// <summary>Passes over the rollout; at least 1.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Optimizer steps an epoch; at least 1, at most the responses of a step.</summary>
    public int Minibatches { get; init; } = 1;

    /// <summary>The most tokens, prompts included, of one forward and backward pass; a longer sequence goes alone.</summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>The most sequences of one forward and backward pass; 0: as many as <see cref="MicroBatchTokens"/> allows.</summary>
    public int MicroBatchSequences { get; init; }

    /// <summary>Discount of rewards a token later, in [0, 1].</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>GAE's mix of short (0) and long (1) returns, in [0, 1].</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>What the critic learns.</summary>
    public ReturnTarget ReturnTarget { get; init; } = ReturnTarget.Lambda;

    /// <summary>Gives the advantages of a rollout mean 0 and standard deviation 1.</summary>
    public bool WhitenAdvantages { get; init; } = true;

    /// <summary>The ratio is clipped at 1 minus this; in (0, 1).</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>The ratio is clipped at 1 plus this; above 0.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Bounds the loss of negative advantages at this times the advantage; above 1, infinity: off.</summary>
    public double DualClip { get; init; } = 3;

    /// <summary>How far a value may move from the rollout's before its loss is clipped; above 0, infinity: off.</summary>
    public double ValueClip { get; init; } = 0.5;

    /// <summary>The unit of <see cref="ValueClip"/>.</summary>
    public ValueClipUnit ValueClipUnit { get; init; } = ValueClipUnit.ScoreDeviation;

    /// <summary>Multiplies the policy's entropy in the loss, subtracted; 0: none.</summary>
    public double EntropyCoefficient { get; init; }

    /// <summary>Scores are clipped to plus or minus this; above 0, infinity: off.</summary>
    public double RewardClip { get; init; } = 10;

    /// <summary>Taken off the score of a response that the length limit cut; at least 0.</summary>
    public double MissingEndPenalty { get; init; } = 1;

    /// <summary>How token losses become one number.</summary>
    public LossReductionKind Reduction { get; init; } = LossReductionKind.TokenMean;

    /// <summary>The divisor of <see cref="LossReductionKind.FixedLength"/>; 0: <see cref="MaxNewTokens"/>.</summary>
    public int ReductionLength { get; init; }

    /// <summary>The leash to the reference.</summary>
    public PpoKlOptions Kl { get; init; } = new();

    /// <summary>The actor's optimizer.</summary>
    public OptimizerOptions Actor { get; init; } = new();

    /// <summary>The critic's optimizer.</summary>
    public OptimizerOptions Critic { get; init; } = new();

    /// <summary>Steps at the start in which only the critic learns; at least 0, below <see cref="Steps"/>.</summary>
    public int CriticWarmupSteps { get; init; } = 1;

    /// <summary>Keeps an average of the actor's weights; <see langword="null"/>: none.</summary>
    public PpoEmaOptions? Ema { get; init; }

    /// <summary>Sequences that are generated together; at least 1. What is drawn does not depend on it.</summary>
    public int GenerationBatch { get; init; } = 64;

    /// <summary>
    /// Responses that the reward gets together, in order, as soon as they are all there, while the others are still being
    /// generated; at least 1, 0: <see cref="GenerationBatch"/>. What is drawn does not depend on it.
    /// </summary>
    public int ScoringBatch { get; init; }

    /// <summary>
    /// Bytes that the keys and values of generation may take; at least 0, 0: what the responses need. Where they end, some
    /// responses pause and are computed anew later. What is drawn does not depend on it.
    /// </summary>
    public long GenerationCacheBytes { get; init; }

    /// <summary>
    /// Computes the log-probs of the responses by a pass of their own instead of taking those that sampling recorded, which
    /// are the same bits: to check. Backends whose bits differ always do.
    /// </summary>
    public bool RecomputeLogProbs { get; init; }

    /// <summary>No learning rate depends on how many steps there are.</summary>
    internal bool SchedulesIgnoreSteps => Actor.IgnoresSteps && Critic.IgnoresSteps;

    /// <summary>Responses of a step.</summary>
    internal int SequencesPerStep => checked(PromptsPerStep * SamplesPerPrompt);

    /// <summary>Responses that the reward gets together.</summary>
    internal int ScoringBatchOrDefault => ScoringBatch > 0 ? ScoringBatch : GenerationBatch;

    /// <summary>The reduction that the options name.</summary>
    internal LossReduction CreateReduction() => Reduction switch
    {
        LossReductionKind.TokenMean => LossReduction.TokenMean,
        LossReductionKind.SequenceMeanOfTokenMean => LossReduction.SequenceMeanOfTokenMean,
        LossReductionKind.SequenceMeanOfTokenSum => LossReduction.SequenceMeanOfTokenSum,
        _ => LossReduction.FixedLength(ReductionLength > 0 ? ReductionLength : MaxNewTokens),
    };

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the text names it.</exception>
    public void Validate()
    {
        Require.AtLeast(Steps, 1);
        Require.AtLeast(PromptsPerStep, 1);
        Require.AtLeast(SamplesPerPrompt, 1);
        Require.AtLeast(MaxNewTokens, 1);
        Require.NotNull(Sampling);
        Sampling.Validate();
        Require.Positive(Sampling.Temperature);
        Require.AtLeast(Epochs, 1);
        Require.Between(Minibatches, 1, SequencesPerStep);
        Require.AtLeast(MicroBatchTokens, 1);
        Require.AtLeast(MicroBatchSequences, 0);
        Require.Probability(Gamma, zero: true);
        Require.Probability(Lambda, zero: true);
        Require.Defined(ReturnTarget);
        Require.OpenUnitInterval(ClipLow);
        Require.Positive(ClipHigh);
        Require.AboveOneOrInfinity(DualClip);
        Require.PositiveOrInfinity(ValueClip);
        Require.Defined(ValueClipUnit);
        Require.Finite(EntropyCoefficient);
        Require.PositiveOrInfinity(RewardClip);
        Require.NotNegative(MissingEndPenalty);
        Require.Defined(Reduction);
        Require.AtLeast(ReductionLength, 0);
        Require.NotNull(Kl);
        Kl.Validate();
        Require.NotNull(Actor);
        Actor.Validate(nameof(Actor));
        Require.NotNull(Critic);
        Critic.Validate(nameof(Critic));
        Require.Between(CriticWarmupSteps, 0, Steps - 1);
        Ema?.Validate();
        Require.AtLeast(GenerationBatch, 1);
        Require.AtLeast(ScoringBatch, 0);
        Require.AtLeast(GenerationCacheBytes, 0);
    }
}
