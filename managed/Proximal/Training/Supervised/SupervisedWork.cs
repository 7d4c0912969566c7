namespace Proximal.Training.Supervised;

/// <summary>A step under way: who is told, and whether it should end.</summary>
internal sealed class SupervisedWork(
    int step, int steps, IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
{
    private SupervisedPhase _phase;
    private long _done;
    private long _total;

    /// <summary>Starts a phase.</summary>
    public void Enter(SupervisedPhase phase, long total)
    {
        (_phase, _done, _total) = (phase, 0, total);
        Advance(0);
    }

    /// <summary>Counts items as done.</summary>
    public void Advance(long items)
    {
        _done += items;
        progress?.Report(
            new SupervisedProgress { Step = step, Steps = steps, Phase = _phase, Done = _done, Total = _total });
    }

    /// <summary>Ends the step if that is wanted.</summary>
    public void Check() => cancellationToken.ThrowIfCancellationRequested();
}
