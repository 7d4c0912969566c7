namespace Proximal.Runs.Checkpoints;

/// <summary>What a run does when a checkpoint cannot be written, as on a full disk. The earlier checkpoints stay in any case.</summary>
public enum CheckpointFailure
{
    /// <summary>It ends with the error.</summary>
    Stop = 0,

    /// <summary>It warns, goes on and tries again at the next checkpoint.</summary>
    Continue = 1,
}
