using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Token rewards from scores and KL.</summary>
internal static class RewardShapingCases
{
    public static RlOutcome Run(RlCase one, Engine engine)
    {
        var rows = new RaggedRows(one.Mask);
        double beta = one.AnyNumber("beta", "kl_coef");
        float[] scores = [.. ScoresAfterPenalty(one).Select(score => (float)score)];
        float[] rewards = new float[rows.Count];
        float[] kl = new float[rows.Count];
        var inputs = new RewardShapingInputs
        {
            Offsets = rows.Offsets,
            Mask = rows.Mask,
            LogProbs = rows.Pack(one.Input("log_prob")),
            ReferenceLogProbs = rows.Pack(one.Input("ref_log_prob")),
            Scores = scores,
        };
        RewardShaping.Compute(engine, inputs, Estimator(one), beta, Clip(one), rewards, kl);
        var outcome = new RlOutcome();
        outcome.Add("token_rewards", rows.Unpack(rewards), one.Mask);
        outcome.Add("kl", rows.Unpack(kl), one.Mask);
        outcome.Add("non_score_reward", [.. rows.Unpack(kl).Select(k => -beta * k)], one.Mask);
        outcome.Add("scores_after_penalty", [.. scores.Select(score => (double)score)]);
        outcome.Add("final_scores", [.. scores.Select(score => Math.Clamp(score, -Clip(one), Clip(one)))]);
        if (one.Expected.ContainsKey("beta_after"))
        {
            outcome.Add("beta_after", BetaAfter(one, beta), computedInDouble: true);
        }

        return one.Expected.ContainsKey("advantages") ? AddAdvantages(outcome, one, rows, rewards, engine) : outcome;
    }

    private static KlEstimator Estimator(RlCase one) => KlNames.Parse(one.Text("kl_penalty", one.Text("kl_estimator", "k1")));

    private static double Clip(RlCase one) => one.Has("reward_clip_range")
        ? GoldenTensor.Numbers(one.Params.GetProperty("reward_clip_range"))[1]
        : one.Has("reward_clip") ? one.Number("reward_clip") : one.Number("clip_reward_value", double.PositiveInfinity);

    /// <summary>A response that fills its row without an end token was cut by the length limit.</summary>
    private static double[] ScoresAfterPenalty(RlCase one)
    {
        double[] scores = one.Inputs.TryGetValue("scores", out GoldenTensor? given) && one.Input("scores").Count == one.Mask.Rows
            ? [.. given.Data]
            : new double[one.Mask.Rows];
        double penalty = one.Number("missing_end_penalty", one.Number("missing_eos_penalty", absent: 0));
        for (int row = 0; row < scores.Length && penalty != 0; row++)
        {
            bool full = one.Mask.Row(row)[^1] == 1;
            bool ended = one.Input("response_ids").Row(row).Contains(one.Number("eos_token_id"));
            scores[row] -= full && !ended ? penalty : 0;
        }

        return scores;
    }

    /// <summary>The controller's formula, fed with what the system feeds it (its own mean; ours is a sum).</summary>
    private static double BetaAfter(RlCase one, double beta)
    {
        if (one.Text("controller", "fixed") == "fixed")
        {
            return beta;
        }

        var controller = new AdaptiveKlController(beta, one.Number("target"), one.Number("horizon"));
        controller.Update(one.Expected["current_kl"].Data[0], one.Mask.Rows);
        return controller.Coefficient;
    }

    private static RlOutcome AddAdvantages(RlOutcome outcome, RlCase one, RaggedRows rows, float[] rewards, Engine engine)
    {
        float[] advantages = new float[rows.Count];
        float[] returns = new float[rows.Count];
        Gae.Compute(
            engine, rows.Offsets, rewards, rows.Pack(one.Input("values")), rows.Mask,
            one.Number("gamma"), one.Number("lambda"), advantages, returns);
        outcome.Add("returns", rows.Unpack(returns), one.Mask);
        return WhitenCases.AddWhitened(outcome, one, "advantages", rows, WhitenCases.Whiten(engine, advantages, rows.Mask));
    }
}
