using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>The pairwise reward-model loss.</summary>
internal static class RewardModelCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        float[] chosen = one.Input("chosen").Floats();
        float[] chosenGradients = new float[chosen.Length];
        float[] rejectedGradients = new float[chosen.Length];
        BradleyTerryMetrics metrics = BradleyTerry.Compute(
            engine,
            chosen,
            one.Input("rejected").Floats(),
            one.Flag("margin") ? one.Input("margin").Floats() : [],
            normalizer: chosen.Length,
            centerCoefficient: one.Number("center", absent: 0),
            chosenGradients: chosenGradients,
            rejectedGradients: rejectedGradients);
        var outcome = new RlOutcome();
        outcome.Add("loss", metrics.LossSum / chosen.Length);
        outcome.Add("grad_chosen", Array.ConvertAll(chosenGradients, x => (double)x));
        outcome.Add("grad_rejected", Array.ConvertAll(rejectedGradients, x => (double)x));
        outcome.Add("accuracy", metrics.Accuracy);
        return outcome.Add("margin_mean", metrics.MeanMargin);
    }
}
