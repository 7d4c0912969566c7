using Proximal.Kernels;

namespace Proximal.Tests.Golden;

/// <summary>What the systems call the KL estimators.</summary>
internal static class KlNames
{
    /// <summary>The estimator of a name; <see langword="null"/> for one that numerics.md does not define.</summary>
    public static KlEstimator? TryParse(string name) => name.TrimEnd('+') switch
    {
        "kl" or "k1" => KlEstimator.K1,
        "mse" or "k2" => KlEstimator.K2,
        "low_var_kl" or "k3" => KlEstimator.K3,
        _ => null,
    };

    /// <exception cref="InvalidDataException">numerics.md defines no estimator of the name.</exception>
    public static KlEstimator Parse(string name) =>
        TryParse(name) ?? throw new InvalidDataException($"KL estimator '{name}' has neither a kernel nor a rule in golden-scope.json.");
}
