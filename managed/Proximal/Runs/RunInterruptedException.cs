namespace Proximal.Runs;

/// <summary>A run was cancelled and ended at its last committed step.</summary>
public sealed class RunInterruptedException : OperationCanceledException
{
    /// <summary>Makes an exception.</summary>
    /// <param name="step">The last committed step; 0: none was.</param>
    /// <param name="checkpoint">The folder of that step's checkpoint; <see langword="null"/>: it has none.</param>
    /// <param name="inner">What was thrown.</param>
    public RunInterruptedException(int step, string? checkpoint, OperationCanceledException inner)
        : base(
            checkpoint is null
                ? $"The run was interrupted after step {step} and has no checkpoint of it."
                : $"The run was interrupted after step {step}; its checkpoint is {checkpoint}.",
            inner,
            inner?.CancellationToken ?? default)
    {
        Step = step;
        Checkpoint = checkpoint;
    }

    /// <summary>The last committed step; 0: none was.</summary>
    public int Step { get; }

    /// <summary>The folder of that step's checkpoint; <see langword="null"/>: it has none.</summary>
    public string? Checkpoint { get; }
}
