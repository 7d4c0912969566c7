namespace Proximal.Runs.Checkpoints;

/// <summary>Something whose whole state goes into a checkpoint, so that it goes on from there bit for bit.</summary>
public interface ICheckpointed
{
    /// <summary>Steps committed.</summary>
    int CommittedSteps { get; }

    /// <summary>Writes models, optimizers and everything else that the next step depends on.</summary>
    /// <param name="checkpoint">Where to.</param>
    void Save(CheckpointWriter checkpoint);

    /// <summary>Takes over what <see cref="Save"/> wrote.</summary>
    /// <param name="checkpoint">Where from.</param>
    /// <exception cref="CheckpointException">It does not fit.</exception>
    void Restore(Checkpoint checkpoint);
}
