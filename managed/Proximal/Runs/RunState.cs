namespace Proximal.Runs;

/// <summary>Where a run is in its life, as summary.json says.</summary>
public enum RunState
{
    /// <summary>It is under way, or was killed.</summary>
    Running,

    /// <summary>It did all its steps.</summary>
    Finished,

    /// <summary>Someone ended it between two steps.</summary>
    Interrupted,

    /// <summary>It ended by an error.</summary>
    Failed,
}
