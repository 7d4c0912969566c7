using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>The KL coefficient after each update.</summary>
internal static class KlControllerCases
{
    public static RlOutcome Run(RlCase one)
    {
        KlController controller = one.Has("target")
            ? new AdaptiveKlController(one.Number("init"), one.Number("target"), one.Number("horizon"))
            : new FixedKlController(one.Number("init"));
        var coefficients = new List<double>();
        foreach (double kl in one.Input("kl").Data)
        {
            controller.Update(kl, (int)one.Number("n_steps"));
            coefficients.Add(controller.Coefficient);
        }

        return new RlOutcome().Add("beta", coefficients, computedInDouble: true);
    }
}
