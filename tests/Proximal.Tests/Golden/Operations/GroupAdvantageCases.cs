using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Advantages without a critic, on answers and spread over their tokens.</summary>
internal static class GroupAdvantageCases
{
    /// <summary>TRL's epsilon, of the group and of the batch.</summary>
    private const double TrlEpsilon = 1e-4;

    public static RlOutcome Run(RlCase one, Engine engine) => one.System switch
    {
        "verl" => RunVerl(one, engine),
        "openrlhf" => RunOpenRlhf(one, engine),
        "trl" => RunTrl(one, engine),
        _ => throw new InvalidDataException($"System '{one.System}' has no group advantages."),
    };

    private static RlOutcome RunVerl(RlCase one, Engine engine)
    {
        string estimator = one.Text("estimator", "");
        var rows = new RaggedRows(one.Mask);
        float[] scores = ScoresOfTokens(one);
        return estimator switch
        {
            "grpo" or "grpo_vectorized" => Spread(one, rows, Grouped(one, engine, scores, one.Flag("norm_by_std", absent: true) ? GroupAdvantageOptions.Grpo : GroupAdvantageOptions.DrGrpo)),
            "rloo" or "rloo_vectorized" => Spread(one, rows, Grouped(one, engine, scores, GroupAdvantageOptions.Rloo)),
            "gpg" => Spread(one, rows, Grouped(one, engine, Scaled(scores), GroupAdvantageOptions.DrGrpo)),
            "opo" => Spread(one, rows, Grouped(one, engine, scores, GroupAdvantageOptions.DrGrpo, byLength: true)),
            "reinforce_plus_plus_baseline" => Whitened(one, engine, rows, Packed(rows, Grouped(one, engine, scores, GroupAdvantageOptions.DrGrpo))),
            "reinforce_plus_plus" => ReinforcePlusPlus(one, engine, rows, scores),
            "remax" => Remax(one, engine, rows, scores),
            _ => throw new InvalidDataException($"Estimator '{estimator}' has neither code nor a rule in golden-scope.json."),
        };
    }

    /// <summary>Reward-to-go, whitened over the batch.</summary>
    private static RlOutcome ReinforcePlusPlus(RlCase one, Engine engine, RaggedRows rows, float[] scores)
    {
        float[] returns = RewardToGo(engine, rows, Rewards(engine, rows, scores), one.Number("gamma"));
        return Whitened(one, engine, rows, returns).Add("returns", rows.Unpack(returns), one.Mask);
    }

    /// <summary>Reward-to-go over the score of a greedy answer.</summary>
    private static RlOutcome Remax(RlCase one, Engine engine, RaggedRows rows, float[] scores)
    {
        float[] above = [.. scores.Zip(one.Input("reward_baselines").Floats(), (score, greedy) => score - greedy)];
        var outcome = new RlOutcome();
        outcome.Add("advantages", rows.Unpack(RewardToGo(engine, rows, Rewards(engine, rows, above), 1)), one.Mask);
        return outcome.Add("returns", rows.Unpack(RewardToGo(engine, rows, Rewards(engine, rows, scores), 1)), one.Mask);
    }

    /// <summary>Baseline on the scores, clip, KL penalty, reward-to-go (or GAE), then whitening by some.</summary>
    private static RlOutcome RunOpenRlhf(RlCase one, Engine engine)
    {
        string estimator = one.Text("estimator", "");
        var rows = new RaggedRows(one.Mask);
        float[] scores = one.Input("scores").Floats();
        long[] groups = Even(scores.Length, (int)one.Number("n_samples_per_prompt"));
        float[] advantages = estimator switch
        {
            "rloo" => Advantages(engine, groups, scores, [], GroupAdvantageOptions.Rloo),
            "reinforce_baseline" or "dr_grpo" => Advantages(engine, groups, scores, [], GroupAdvantageOptions.DrGrpo),
            "group_norm" => Advantages(engine, groups, scores, [], GroupAdvantageOptions.Grpo with { Epsilon = 1e-9 }),
            "flash_reinforce" => Advantages(engine, [0, scores.Length], scores, [], GroupAdvantageOptions.DrGrpo),
            "reinforce" or "gae" => scores,
            _ => throw new InvalidDataException($"Estimator '{estimator}' has neither code nor a rule in golden-scope.json."),
        };
        double clip = GoldenTensor.Numbers(one.Params.GetProperty("reward_clip_range"))[1];
        float[] rewards = Rewards(engine, rows, advantages, clip, one.Number("kl_coef"), rows.Pack(one.Input("kl")));
        float[] returns = RewardToGo(engine, rows, rewards, one.Number("gamma"));
        float[] result = returns;
        if (estimator == "gae")
        {
            result = new float[rows.Count];
            Gae.Compute(
                engine, rows.Offsets, rewards, rows.Pack(one.Input("values")), rows.Mask, one.Number("gamma"), one.Number("lambda"), result, returns);
        }

        var outcome = new RlOutcome();
        outcome.Add("returns", rows.Unpack(returns), one.Mask);
        bool whitens = estimator is "gae" or "reinforce" or "reinforce_baseline";
        float[] shown = whitens ? new float[rows.Count] : result;
        if (whitens)
        {
            Whitening.Apply(engine, result, rows.Mask, Whitening.Moments(engine, result, rows.Mask), shown, biased: true);
        }

        return outcome.Add("advantages", rows.Unpack(shown), one.Mask);
    }

    /// <summary>Several rewards a row, some of them missing; a row without any counts nowhere and gets 0.</summary>
    private static RlOutcome RunTrl(RlCase one, Engine engine)
    {
        GoldenTensor rewards = one.Input("rewards_per_func");
        double[] weights = one.Input("reward_weights").Data;
        byte[] mask = [.. Enumerable.Range(0, rewards.Rows).Select(row => (byte)(rewards.Row(row).All(double.IsNaN) ? 0 : 1))];
        long[] groups = Even(rewards.Rows, (int)one.Number("num_generations"));
        float[] scores = [.. Enumerable.Range(0, rewards.Rows).Select(row => (float)Sum(rewards.Row(row), weights))];
        float[] advantages = one.Has("scale_rewards")
            ? Grpo(one, engine, groups, rewards, scores, mask)
            : Rloo(one, engine, groups, scores, mask);
        return new RlOutcome().Add("advantages", Doubles(advantages));
    }

    private static float[] Grpo(RlCase one, Engine engine, long[] groups, GoldenTensor rewards, float[] scores, byte[] mask)
    {
        GroupAdvantageOptions grpo = GroupAdvantageOptions.Grpo with { Epsilon = TrlEpsilon };
        if (one.Text("aggregation", "") == "normalize_then_sum")
        {
            return Advantages(engine, [0, scores.Length], SumOfNormalized(one, engine, groups, rewards, grpo), mask, grpo);
        }

        return one.Text("scale_rewards", "") switch
        {
            "group" => Advantages(engine, groups, scores, mask, grpo),
            "batch" => Advantages(engine, groups, scores, mask, grpo with
            {
                Scale = GroupScale.GivenDeviation,
                GivenDeviation = Math.Sqrt(Whitening.Moments(engine, scores, mask).Variance),
            }),
            _ => Advantages(engine, groups, scores, mask, GroupAdvantageOptions.DrGrpo),
        };
    }

    /// <summary>Each reward's own advantages, weighted and added.</summary>
    private static float[] SumOfNormalized(RlCase one, Engine engine, long[] groups, GoldenTensor rewards, GroupAdvantageOptions grpo)
    {
        double[] weights = one.Input("reward_weights").Data;
        double[] sums = new double[rewards.Rows];
        for (int reward = 0; reward < rewards.Columns; reward++)
        {
            float[] own = [.. Enumerable.Range(0, rewards.Rows).Select(row => (float)rewards.Row(row)[reward])];
            byte[] given = Array.ConvertAll(own, score => (byte)(float.IsNaN(score) ? 0 : 1));
            float[] advantages = Advantages(engine, groups, own, given, grpo);
            for (int row = 0; row < sums.Length; row++)
            {
                sums[row] += weights[reward] * advantages[row];
            }
        }

        return [.. sums.Select(sum => (float)sum)];
    }

    private static float[] Rloo(RlCase one, Engine engine, long[] groups, float[] scores, byte[] mask)
    {
        if (one.Has("reward_clip_range"))
        {
            double[] range = GoldenTensor.Numbers(one.Params.GetProperty("reward_clip_range"));
            scores = Array.ConvertAll(scores, score => (float)Math.Clamp(score, range[0], range[1]));
        }

        if (one.Number("beta") != 0)
        {
            GoldenTensor tokens = one.Input("completion_mask");
            double[] kl = [.. one.Input("old_per_token_logps").Data.Zip(one.Input("ref_per_token_logps").Data, (old, reference) => old - reference)];
            scores = [.. scores.Select((score, row) => (float)(score - (one.Number("beta")
                * tokens.Row(row).Zip(kl[(row * tokens.Columns)..]).Sum(token => token.First * token.Second))))];
        }

        float[] advantages = Advantages(engine, groups, scores, mask, GroupAdvantageOptions.Rloo);
        if (!one.Flag("normalize_advantages"))
        {
            return advantages;
        }

        // A row whose group has no other is left out here too.
        byte[] compared = [.. mask.Select((real, row) => (byte)(real != 0
            && mask[(int)groups[GroupOf(groups, row)]..(int)groups[GroupOf(groups, row) + 1]].Count(other => other != 0) > 1 ? 1 : 0))];
        return Advantages(engine, [0, scores.Length], advantages, compared, GroupAdvantageOptions.Grpo with { Epsilon = TrlEpsilon });
    }

    private static int GroupOf(long[] groups, int row) => Array.FindIndex(groups, begin => begin > row) - 1;

    private static double Sum(double[] rewards, double[] weights) =>
        rewards.Zip(weights).Where(pair => !double.IsNaN(pair.First)).Sum(pair => pair.First * pair.Second);

    private static float[] Advantages(Engine engine, long[] groups, float[] scores, byte[] mask, GroupAdvantageOptions options)
    {
        float[] advantages = new float[scores.Length];
        GroupAdvantage.Compute(engine, groups, scores, mask, options, advantages);
        return advantages;
    }

    /// <summary>Advantages of rows in any order: sorted by group, computed, put back.</summary>
    private static double[] Grouped(RlCase one, Engine engine, float[] scores, GroupAdvantageOptions options, bool byLength = false)
    {
        int[] group = one.Input("group").Ints();
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderBy(row => group[row])];
        long[] offsets = [0, .. Enumerable.Range(1, order.Length).Where(i => i == order.Length || group[order[i]] != group[order[i - 1]]).Select(i => (long)i)];
        float[] sorted = new float[scores.Length];
        float[] lengths = byLength ? [.. order.Select(row => (float)one.Mask.Row(row).Sum())] : [];
        byte[] mask = byLength ? Array.ConvertAll(lengths, length => (byte)(length > 0 ? 1 : 0)) : [];
        GroupAdvantage.Compute(engine, offsets, [.. order.Select(row => scores[row])], mask, options, sorted, lengths);
        double[] advantages = new double[scores.Length];
        for (int i = 0; i < order.Length; i++)
        {
            advantages[order[i]] = sorted[i];
        }

        return advantages;
    }

    /// <summary>verl's score stands on a token: a row without any has none.</summary>
    private static float[] ScoresOfTokens(RlCase one) =>
        [.. one.Input("scores").Floats().Select((score, row) => one.Mask.Row(row).Contains(1) ? score : 0)];

    /// <summary>GPG's factor, rows over rows whose score is not 0.</summary>
    private static float[] Scaled(float[] scores)
    {
        double factor = scores.Length / (double)Math.Max(1, scores.Count(score => score != 0));
        return Array.ConvertAll(scores, score => (float)(factor * score));
    }

    private static long[] Even(int rows, int size) => [.. Enumerable.Range(0, (rows / size) + 1).Select(group => (long)group * size)];

    /// <summary>[B, T]: a row's advantage on each of its tokens.</summary>
    private static RlOutcome Spread(RlCase one, RaggedRows rows, double[] advantages) =>
        new RlOutcome().Add("advantages", rows.Unpack(Packed(rows, advantages)), one.Mask);

    private static float[] Packed(RaggedRows rows, double[] advantages)
    {
        float[] packed = new float[rows.Count];
        for (int row = 0; row < advantages.Length; row++)
        {
            packed.AsSpan((int)rows.Offsets[row]..(int)rows.Offsets[row + 1]).Fill((float)advantages[row]);
        }

        return packed;
    }

    private static RlOutcome Whitened(RlCase one, Engine engine, RaggedRows rows, float[] values) =>
        new RlOutcome().Add("advantages", rows.Unpack(WhitenCases.Whiten(engine, values, rows.Mask)), one.Mask);

    /// <summary>[N] rewards with the score on the last token, less a penalty.</summary>
    private static float[] Rewards(
        Engine engine, RaggedRows rows, float[] scores, double clip = double.PositiveInfinity, double beta = 0, float[]? kl = null)
    {
        float[] rewards = new float[rows.Count];
        var inputs = new RewardShapingInputs
        {
            Offsets = rows.Offsets,
            Mask = rows.Mask,
            LogProbs = kl ?? new float[rows.Count],
            ReferenceLogProbs = new float[rows.Count],
            Scores = scores,
        };
        RewardShaping.Compute(engine, inputs, KlEstimator.K1, beta, clip, rewards);
        return rewards;
    }

    /// <summary>A cumulative return is the advantage over a value of 0, of lambda 1.</summary>
    private static float[] RewardToGo(Engine engine, RaggedRows rows, float[] rewards, double gamma)
    {
        float[] advantages = new float[rows.Count];
        Gae.Compute(engine, rows.Offsets, rewards, new float[rows.Count], rows.Mask, gamma, 1, advantages, new float[rows.Count]);
        return advantages;
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);
}
