using Proximal.Internal;

namespace Proximal.Training;

/// <summary>Decides beta, the KL coefficient of each PPO step. One caller at a time.</summary>
public abstract class KlController
{
    private protected KlController(double coefficient) => Coefficient = coefficient;

    /// <summary>Beta of the next step: all that a checkpoint has to keep.</summary>
    public double Coefficient { get; private protected set; }

    /// <summary>Goes on with the beta of a checkpoint.</summary>
    internal void Restore(double coefficient)
    {
        Require.NotNegative(coefficient);
        Coefficient = coefficient;
    }

    /// <summary>Takes note of a step that is done.</summary>
    /// <param name="meanSequenceKl">Mean over its sequences of the sum over tokens of k1, in nats.</param>
    /// <param name="sequences">How many sequences it had; at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative where it cannot be, or not finite.</exception>
    public abstract void Update(double meanSequenceKl, long sequences);
}
