namespace Proximal.Training;

/// <summary>How a learning rate falls after its warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>In a straight line to 0 at the end of the run.</summary>
    Linear = 0,

    /// <summary>Not at all.</summary>
    Constant = 1,

    /// <summary>Along half a cosine to 0 at the end of the run.</summary>
    Cosine = 2,
}
