using System.Globalization;
using System.Text.RegularExpressions;
using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>The clipped policy loss with its gradient and metrics.</summary>
internal static partial class PolicyLossCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        var rows = new RaggedRows(one.Mask);
        (float[] weights, double normalizer) = Reduction.Of(one, rows);
        ApplyImportance(one, rows, weights);
        float[] gradients = new float[rows.Count];
        var inputs = new PolicyLossInputs
        {
            LogProbs = rows.Pack(one.Input("log_prob")),
            OldLogProbs = rows.Pack(one.Input("old_log_prob")),
            Advantages = rows.Pack(one.Input("advantages")),
            Weights = weights,
        };
        PolicyMetrics metrics = PolicyLoss.Compute(engine, inputs, Options(one), normalizer, gradients: gradients);
        var outcome = new RlOutcome();
        outcome.Add("loss", metrics.LossSum / normalizer);
        outcome.Add("grad_log_prob", rows.Unpack(gradients), one.Mask);
        outcome.Add("pg_clipfrac", metrics.ClipFraction);
        outcome.Add("clip_fraction", metrics.ClipFraction);
        outcome.Add("pg_clipfrac_lower", metrics.DualClipFraction);
        outcome.Add("ppo_kl", metrics.ApproxKlK1);
        outcome.Add("policy_kl", metrics.ApproxKlK1);
        outcome.Add("approx_kl", metrics.ApproxKl);
        return outcome.Add("mean_ratio", metrics.MeanRatio);
    }

    /// <summary>A ratio is above 0: a clip of 1 or more from below never acts, and none of that size is accepted.</summary>
    private static PolicyLossOptions Options(RlCase one) => new()
    {
        ClipLow = Math.Min(one.Number("clip_low"), Math.BitDecrement(1)),
        ClipHigh = one.Number("clip_high"),
        DualClip = one.Number("dual_clip", double.PositiveInfinity),
    };

    /// <summary>A weight of each token on top of the reduction's; the file writes it as a formula.</summary>
    private static void ApplyImportance(RlCase one, RaggedRows rows, float[] weights)
    {
        if (!one.Has("importance_weight"))
        {
            return;
        }

        Match formula = CappedRatio().Match(one.Text("importance_weight", ""));
        if (!formula.Success)
        {
            throw new InvalidDataException($"importance_weight '{one.Text("importance_weight", "")}' is no capped ratio.");
        }

        double cap = double.Parse(formula.Groups["cap"].Value, CultureInfo.InvariantCulture);
        float[] old = rows.Pack(one.Input("old_log_prob"));
        float[] rollout = rows.Pack(one.Input("rollout_log_prob"));
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] *= rows.Mask[i] == 0 ? 0 : (float)Math.Min(Math.Exp(old[i] - (double)rollout[i]), cap);
        }
    }

    [GeneratedRegex(@"^min\(exp\(old_log_prob - rollout_log_prob\), (?<cap>[0-9.]+)\)$")]
    private static partial Regex CappedRatio();
}
