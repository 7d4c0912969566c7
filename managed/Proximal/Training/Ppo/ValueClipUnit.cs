namespace Proximal.Training.Ppo;

/// <summary>The unit of the value clip.</summary>
public enum ValueClipUnit
{
    /// <summary>The running standard deviation of the run's clipped scores; 1 while that is 0.</summary>
    ScoreDeviation = 0,

    /// <summary>The values' own unit.</summary>
    Absolute = 1,
}
