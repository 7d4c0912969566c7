using Proximal.Interop;
using Proximal.Kernels;

namespace Proximal.Training;

/// <summary>What an objective saw, as sums, so that the micro-batches of a step and the ranks of a run add.</summary>
/// <param name="Loss">sum(weight · loss) / normalizer, with every term.</param>
/// <param name="EntropySum">sum(weight · entropy) over tokens with weight.</param>
/// <param name="Weight">Sum of weights.</param>
/// <param name="Tokens">Tokens whose weight is not 0.</param>
/// <param name="Policy">Filled by <see cref="PolicyObjective"/>.</param>
/// <param name="Value">Filled by <see cref="ValueObjective"/>.</param>
/// <param name="BradleyTerry">Filled by <see cref="BradleyTerryObjective"/>.</param>
public sealed record ObjectiveMetrics(
    double Loss,
    double EntropySum,
    double Weight,
    long Tokens,
    PolicyMetrics Policy,
    ValueMetrics Value,
    BradleyTerryMetrics BradleyTerry)
{
    /// <summary>Metrics of nothing, to add to.</summary>
    public static ObjectiveMetrics Zero { get; } = new(0, 0, 0, 0, default, default, default);

    /// <summary>Weighted mean entropy in nats; NaN without weight.</summary>
    public double Entropy => EntropySum / Weight;

    /// <summary>The metrics of both together.</summary>
    public static ObjectiveMetrics operator +(ObjectiveMetrics left, ObjectiveMetrics right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new(
            left.Loss + right.Loss,
            left.EntropySum + right.EntropySum,
            left.Weight + right.Weight,
            left.Tokens + right.Tokens,
            left.Policy + right.Policy,
            left.Value + right.Value,
            left.BradleyTerry + right.BradleyTerry);
    }

    /// <summary>The metrics of both together.</summary>
    public static ObjectiveMetrics Add(ObjectiveMetrics left, ObjectiveMetrics right) => left + right;

    internal static ObjectiveMetrics FromNative(in px_objective_metrics native) => new(
        native.loss,
        native.entropy,
        native.weight,
        native.tokens,
        PolicyMetrics.FromNative(native.policy),
        ValueMetrics.FromNative(native.value),
        BradleyTerryMetrics.FromNative(native.bradley_terry));
}
