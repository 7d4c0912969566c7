using Proximal.Kernels;

namespace Proximal.Training.Ppo;

/// <summary>What a trainer remembers from step to step beside weights and moments; put back when a step is discarded.</summary>
internal sealed record PpoTrainerState
{
    /// <summary>Steps committed.</summary>
    public int Step { get; init; }

    /// <summary>Prompts handed out.</summary>
    public long PromptCursor { get; init; }

    /// <summary>The sample id of the next response.</summary>
    public ulong NextSampleId { get; init; }

    /// <summary>Optimizer steps of the actor.</summary>
    public long ActorSteps { get; init; }

    /// <summary>Optimizer steps of the critic.</summary>
    public long CriticSteps { get; init; }

    /// <summary>Moments of all clipped scores.</summary>
    public Moments ScoreMoments { get; init; }
}
