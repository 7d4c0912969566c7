using Proximal.Internal;

namespace Proximal.Training.Ppo;

/// <summary>An exponential moving average of the actor's weights, kept beside it and saved as a model of its own.</summary>
/// <remarks>After each step in which the actor learns: average = decay · average + (1 - decay) · actor; it starts as the start model.</remarks>
public sealed record PpoEmaOptions
{
    /// <summary>How much of the average stays at each step, in (0, 1).</summary>
    public double Decay { get; init; } = 0.992;

    internal void Validate() => Require.OpenUnitInterval(Decay, "Ema.Decay");
}
