using Proximal.Evaluation;
using Proximal.Kernels;
using Proximal.Rollouts;

namespace Proximal.Training.Ppo;

/// <summary>The curves of a PPO step. Runs/METRICS.md says what each is and what other systems call it.</summary>
internal static class PpoMetrics
{
    /// <summary>Mean over sequences of the sum of k1 over the response's tokens.</summary>
    public const string SequenceKl = "objective/kl";

    private const int RepetitionGram = 3;

    /// <summary>Every curve's value by name; NaN where there is none.</summary>
    public static OrderedDictionary<string, double> Of(
        Rollout rollout,
        PpoUpdate update,
        PpoInvariants invariants,
        PpoOptions options,
        double klCoefficient,
        double episodes,
        PpoWork work)
    {
        var metrics = new OrderedDictionary<string, double>();
        AddObjective(metrics, rollout, options, klCoefficient);
        AddKl(metrics, rollout, klCoefficient);
        AddPolicy(metrics, update);
        AddValue(metrics, rollout, update);
        AddRollout(metrics, rollout, invariants, episodes);
        AddTimes(metrics, rollout, work);
        return metrics;
    }

    private static void AddObjective(
        OrderedDictionary<string, double> metrics, Rollout rollout, PpoOptions options, double klCoefficient)
    {
        double n = rollout.Sequences;
        Spread scores = Spread.Of(rollout.Scores);
        metrics[SequenceKl] = Sum(rollout.Kl.K1) / n;
        metrics["objective/entropy"] = Sum(rollout.Entropies) / n;
        metrics["objective/scores"] = scores.Mean;
        metrics["objective/scores_std"] = scores.Deviation;
        metrics["objective/scores_min"] = scores.Minimum;
        metrics["objective/scores_max"] = scores.Maximum;
        metrics["objective/non_score_reward"] = -klCoefficient * Sum(rollout.Kl.Of(options.Kl.Estimator)) / n;
        metrics["objective/rlhf_reward"] = Sum(rollout.Rewards) / n;
        foreach ((string name, float[] values) in rollout.Components)
        {
            metrics[$"reward/{name}"] = Sum(values) / n;
        }
    }

    private static void AddKl(OrderedDictionary<string, double> metrics, Rollout rollout, double klCoefficient)
    {
        metrics["kl/coefficient"] = klCoefficient;
        metrics["kl/k1"] = Sum(rollout.Kl.K1) / rollout.ResponseTokens;
        metrics["kl/k2"] = Sum(rollout.Kl.K2) / rollout.ResponseTokens;
        metrics["kl/k3"] = Sum(rollout.Kl.K3) / rollout.ResponseTokens;
    }

    private static void AddPolicy(OrderedDictionary<string, double> metrics, PpoUpdate update)
    {
        IReadOnlyList<PpoMinibatch> minibatches = update.Minibatches;
        ObjectiveMetrics all = minibatches.Aggregate(ObjectiveMetrics.Zero, (sum, minibatch) => sum + minibatch.Policy);
        PolicyMetrics policy = all.Policy;
        bool trained = policy.Tokens > 0;
        metrics["policy/loss"] = trained ? minibatches.Average(minibatch => minibatch.PolicyLoss) : double.NaN;
        metrics["policy/clipfrac"] = policy.ClipFraction;
        metrics["policy/clipfrac_low"] = policy.ClipFractionLow;
        metrics["policy/clipfrac_high"] = policy.ClipFractionHigh;
        metrics["policy/clipfrac_dual"] = policy.DualClipFraction;
        metrics["policy/approxkl"] = policy.ApproxKl;
        metrics["policy/approxkl_k1"] = policy.ApproxKlK1;
        metrics["policy/approxkl_k3"] = policy.ApproxKlK3;
        metrics["policy/ratio_mean"] = policy.MeanRatio;
        metrics["policy/ratio_var"] = trained ? policy.RatioVariance : double.NaN;
        metrics["policy/ratio_min"] = trained ? policy.RatioMin : double.NaN;
        metrics["policy/ratio_max"] = trained ? policy.RatioMax : double.NaN;
        metrics["policy/entropy"] = all.Entropy;
        metrics["policy/gradient_norm"] =
            minibatches.Average(minibatch => minibatch.ActorStep?.GradientNorm ?? double.NaN);
        metrics["lr/actor"] = minibatches[^1].ActorLearningRate;
        metrics["lr/critic"] = minibatches[^1].CriticLearningRate;
    }

    private static void AddValue(OrderedDictionary<string, double> metrics, Rollout rollout, PpoUpdate update)
    {
        ValueMetrics value = update.Minibatches.Aggregate(
            default(ValueMetrics), (sum, minibatch) => sum + minibatch.Value.Value);
        Spread returns = Spread.Of(Responses(rollout, rollout.Returns));
        Spread errors = Spread.Of(Responses(rollout, [.. rollout.Returns.Zip(rollout.Values, (r, v) => r - v)]));
        Spread advantages = Spread.Of(Responses(rollout, rollout.Advantages));
        metrics["value/loss"] = update.Minibatches.Average(minibatch => minibatch.ValueLoss);
        metrics["value/clipfrac"] = value.ClipFraction;
        metrics["value/clip_range"] = update.ValueClipRange;
        metrics["value/explained_variance"] = 1 - (errors.Variance / returns.Variance);
        metrics["value/mean"] = Sum(rollout.Values) / rollout.ResponseTokens;
        metrics["value/gradient_norm"] = update.Minibatches.Average(minibatch => minibatch.CriticStep.GradientNorm);
        metrics["return/mean"] = returns.Mean;
        metrics["return/std"] = returns.Deviation;
        metrics["advantage/mean"] = advantages.Mean;
        metrics["advantage/std"] = advantages.Deviation;
    }

    private static void AddRollout(
        OrderedDictionary<string, double> metrics, Rollout rollout, PpoInvariants invariants, double episodes)
    {
        Spread lengths = Spread.Of([.. Enumerable.Range(0, rollout.Sequences).Select(s => (float)rollout.ResponseLength(s))]);
        int[][] responses = [.. Enumerable.Range(0, rollout.Sequences).Select(s => rollout.Tokens[rollout.Response(s)])];
        int truncated = rollout.FinishReasons.Count(reason => reason == FinishReason.Length);
        metrics["rollout/length_mean"] = lengths.Mean;
        metrics["rollout/length_min"] = lengths.Minimum;
        metrics["rollout/length_max"] = lengths.Maximum;
        metrics["rollout/prompt_length_mean"] = rollout.PromptLengths.Average();
        metrics["rollout/truncation_rate"] = truncated / (double)rollout.Sequences;
        metrics["rollout/eos_count"] = rollout.FinishReasons.Count(reason => reason == FinishReason.Stop);
        metrics["rollout/episodes"] = episodes;
        metrics["rollout/distinct_1"] = NGramStatistics.Distinct(responses, 1);
        metrics["rollout/distinct_2"] = NGramStatistics.Distinct(responses, 2);
        metrics["rollout/repetition"] = NGramStatistics.MeanRepetition(responses, RepetitionGram);
        metrics["rollout/logprob_difference_max"] = invariants.SamplingDifference.Largest;
        metrics["rollout/logprob_difference_mean"] = invariants.SamplingDifference.Mean;
        metrics["invariant/first_ratio_deviation"] = invariants.FirstRatioDeviation;
        metrics["invariant/first_approxkl"] = invariants.FirstApproxKl;
    }

    private static void AddTimes(OrderedDictionary<string, double> metrics, Rollout rollout, PpoWork work)
    {
        metrics["time/rollout_s"] = work.Seconds(PpoPhase.Rollout);
        metrics["time/score_s"] = work.Seconds(PpoPhase.Scoring);
        metrics["time/update_s"] = work.Seconds(PpoPhase.Update);
        metrics["time/total_s"] = work.TotalSeconds;
        metrics["time/rollout_tokens_per_s"] = rollout.ResponseTokens / work.Seconds(PpoPhase.Rollout);
    }

    /// <summary>The response tokens' part of a per-token array.</summary>
    private static float[] Responses(Rollout rollout, float[] values)
    {
        var part = new List<float>(rollout.ResponseTokens);
        for (int s = 0; s < rollout.Sequences; s++)
        {
            part.AddRange(values.AsSpan(rollout.Response(s)));
        }

        return [.. part];
    }

    private static double Sum(float[] values) => values.Sum(value => (double)value);
}
