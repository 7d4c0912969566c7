using System.Text.Json.Serialization;
using Proximal.Internal;

namespace Proximal.Training;

/// <summary>How one model is trained: AdamW, its learning rate and the schedule over the run's optimizer steps.</summary>
public sealed record OptimizerOptions
{
    /// <summary>
    /// The highest learning rate, at least 0; <see langword="null"/>: for an actor 1e-5 up to 200M parameters, 3e-6 up to
    /// 3B and 1e-6 above, for a critic and in supervised fine-tuning 1e-5, for a reward model 9e-6, in pretraining 1e-3.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>How the learning rate falls after the warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>Share of the optimizer steps over which the learning rate rises, in [0, 1]; rounded up to whole steps.</summary>
    public double WarmupFraction { get; init; } = 0.03;

    /// <summary>AdamW and clipping by global norm.</summary>
    [JsonPropertyName("adamw")]
    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>What the model's passes compute again instead of keeping it.</summary>
    public Recompute Recompute { get; init; }

    internal bool IgnoresSteps => Schedule == ScheduleKind.Constant && WarmupFraction == 0;

    internal LearningRateSchedule CreateSchedule(long totalSteps)
    {
        long warmup = LearningRateSchedule.WarmupStepsOf(WarmupFraction, totalSteps);
        return Schedule switch
        {
            ScheduleKind.Linear => new LinearSchedule(totalSteps, warmup),
            ScheduleKind.Constant => new ConstantSchedule(totalSteps, warmup),
            _ => new CosineSchedule(totalSteps, warmup),
        };
    }

    internal void Validate(string name)
    {
        if (LearningRate is { } rate)
        {
            Require.NotNegative(rate, $"{name}.LearningRate");
        }

        Require.Defined(Schedule, $"{name}.Schedule");
        Require.Probability(WarmupFraction, zero: true, $"{name}.WarmupFraction");
        Require.Defined(Recompute, $"{name}.Recompute");
        Require.NotNull(AdamW, $"{name}.AdamW");
        AdamW.Validate();
    }
}
