using Proximal.Configuration;
using Proximal.Internal;

namespace Proximal.Runs.Checkpoints;

/// <summary>When a run writes checkpoints and which ones it keeps. All of it may change when the run is resumed.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// Steps from one checkpoint to the next; 0: none but those of an interruption and of the end. The last step always has one.
    /// </summary>
    [ChangeableOnResume]
    public int Every { get; init; } = 10;

    /// <summary>How many of the latest checkpoints stay; at least 1.</summary>
    [ChangeableOnResume]
    public int KeepLast { get; init; } = 2;

    /// <summary>Keeps the best checkpoint beside them; <see langword="null"/>: none.</summary>
    [ChangeableOnResume]
    public KeepBestOptions? KeepBest { get; init; }

    /// <summary>What happens when a checkpoint cannot be written.</summary>
    [ChangeableOnResume]
    public CheckpointFailure OnFailure { get; init; } = CheckpointFailure.Stop;

    internal void Validate()
    {
        Require.AtLeast(Every, 0, "Checkpoints.Every");
        Require.AtLeast(KeepLast, 1, "Checkpoints.KeepLast");
        Require.Defined(OnFailure, "Checkpoints.OnFailure");
        KeepBest?.Validate();
    }
}
