using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>KL estimates of a token and their gradients, with each system's clamps.</summary>
internal static class KlCases
{
    private const double Off = double.PositiveInfinity;
    private const double LogRatioClamp = 20;
    private const double ValueClamp = 10;

    public static RlOutcome Run(RlCase one, Engine engine)
    {
        KlEstimator estimator = KlNames.Parse(one.AnyText("kl_penalty", "kl_estimator"));
        (double logRatioClamp, double valueClamp) = Clamps(one.System, estimator);
        float[] logProbs = one.Input("log_prob").Floats();
        float[] values = new float[logProbs.Length];
        float[] gradients = new float[logProbs.Length];
        Kl.Estimate(
            engine, logProbs, one.Input("ref_log_prob").Floats(), estimator, values, gradients, logRatioClamp, valueClamp);
        var outcome = new RlOutcome();
        outcome.Add("value", Array.ConvertAll(values, value => (double)value));
        if (one.Inputs.ContainsKey("upstream"))
        {
            double[] upstream = one.Input("upstream").Data;
            outcome.Add("grad_log_prob", [.. gradients.Select((gradient, i) => gradient * upstream[i])]);
        }

        return outcome;
    }

    /// <summary>OpenRLHF clamps every estimate, verl k3 only, both TRL none.</summary>
    private static (double LogRatio, double Value) Clamps(string system, KlEstimator estimator) => system switch
    {
        "trl" => (Off, Off),
        "verl" when estimator != KlEstimator.K3 => (Off, Off),
        _ => (LogRatioClamp, ValueClamp),
    };
}
