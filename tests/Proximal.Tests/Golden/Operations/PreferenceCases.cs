using Proximal.Kernels;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Losses of preferences between answers, of pairs and of single ones.</summary>
internal static class PreferenceCases
{
    public static RlOutcome Run(RlCase one, Engine engine) =>
        one.Inputs.ContainsKey("label") ? RunSingle(one, engine) : RunPairs(one, engine);

    /// <summary>Chosen and rejected rows in turn; padding holds not-a-number, so that reading it shows.</summary>
    private static RlOutcome RunPairs(RlCase one, Engine engine)
    {
        PreferenceOptions options = Options(one);
        GoldenTensor chosen = one.Input("chosen_mask");
        GoldenTensor rejected = one.Input("rejected_mask");
        float[] weights = Interleave(chosen, rejected);
        float[] logProbs = Interleave(one.Input("chosen_log_prob"), one.Input("rejected_log_prob"));
        float[] references = one.Inputs.ContainsKey("ref_chosen_log_prob")
            ? Interleave(one.Input("ref_chosen_log_prob"), one.Input("ref_rejected_log_prob"))
            : [];
        int pairs = chosen.Rows;
        int columns = chosen.Columns;
        Poison(weights, logProbs, references);
        WeighTail(one, weights, pairs, columns);
        float[] losses = new float[options.IsSingle ? 2 * pairs : pairs];
        float[] rewards = new float[2 * pairs];
        float[] gradients = new float[weights.Length];
        var inputs = new PreferenceInputs
        {
            Offsets = [.. Enumerable.Range(0, (2 * pairs) + 1).Select(answer => (long)answer * columns)],
            LogProbs = logProbs,
            ReferenceLogProbs = references,
            Weights = weights,
            Desirable = options.IsSingle ? [.. Enumerable.Range(0, 2 * pairs).Select(i => (byte)(1 - (i % 2)))] : default,
        };

        // BCO's own trainer takes the mean over answers, DPO's form of it the mean over pairs.
        double normalizer = one.Has("delta") ? 2 * pairs : pairs;
        PreferenceMetrics metrics = PreferenceLoss.Compute(engine, inputs, options, normalizer, losses, rewards, gradients);
        var outcome = new RlOutcome();
        outcome.Add("loss", metrics.LossSum / normalizer);
        outcome.Add("loss_without_nll", metrics.LossSum / normalizer);
        outcome.Add("losses", Array.ConvertAll(losses, loss => (double)loss));
        outcome.Add("reward_chosen", Every(rewards, 0));
        outcome.Add("reward_rejected", Every(rewards, 1));
        outcome.Add("mean_reward_chosen", metrics.MeanChosenReward);
        outcome.Add("mean_reward_rejected", metrics.MeanRejectedReward);
        outcome.Add("mean_reward_margins", metrics.MeanMargin);
        outcome.Add("mean_reward_accuracies", options.IsSingle ? Accuracy(rewards) : metrics.Accuracy);
        outcome.Add("grad_chosen_tokens", Side(gradients, 0, columns), chosen);
        outcome.Add("grad_rejected_tokens", Side(gradients, 1, columns), rejected);
        outcome.Add("grad_chosen", OfFirstToken(one, gradients, weights, 0, columns));
        return outcome.Add("grad_rejected", OfFirstToken(one, gradients, weights, 1, columns));
    }

    private static RlOutcome RunSingle(RlCase one, Engine engine)
    {
        GoldenTensor mask = one.Input("mask");
        double kl = one.Input("kl_log_prob").Data.Zip(one.Input("kl_ref_log_prob").Data, (policy, reference) => policy - reference).Average();
        kl = one.Flag("use_kl") ? Math.Max(0, one.Flag("swap_kl_arrays") ? -kl : kl) : 0;
        var options = new PreferenceOptions
        {
            Form = PreferenceForm.Kto, // APO-zero of single answers is KTO without its KL
            Beta = one.Number("beta"),
            ReferencePoint = one.Number("beta") * kl,
            DesirableWeight = one.Number("desirable_weight"),
            UndesirableWeight = one.Number("undesirable_weight"),
        };
        float[] weights = mask.Floats();
        float[] logProbs = one.Input("log_prob").Floats();
        float[] references = one.Input("ref_log_prob").Floats();
        float[] gradients = new float[weights.Length];
        Poison(weights, logProbs, references);
        var inputs = new PreferenceInputs
        {
            Offsets = [.. Enumerable.Range(0, mask.Rows + 1).Select(answer => (long)answer * mask.Columns)],
            LogProbs = logProbs,
            ReferenceLogProbs = references,
            Weights = weights,
            Desirable = Array.ConvertAll(one.Input("label").Data, label => (byte)label),
        };
        PreferenceMetrics metrics = PreferenceLoss.Compute(engine, inputs, options, mask.Rows, gradients: gradients);
        var outcome = new RlOutcome();
        outcome.Add("loss", metrics.LossSum / mask.Rows);
        outcome.Add("kl", kl, computedInDouble: true);
        return outcome.Add(
            "grad_sequence",
            [.. Enumerable.Range(0, mask.Rows).Select(row => (double)gradients[(row * mask.Columns) + Array.IndexOf(mask.Row(row), 1)])]);
    }

    private static PreferenceOptions Options(RlCase one)
    {
        bool odds = one.Function.Contains("odds_ratio", StringComparison.Ordinal);
        string type = odds ? "orpo" : one.Has("delta") ? "bco" : one.Flag("ipo") ? "ipo_sum" : one.Text("loss_type", "sigmoid");
        var options = new PreferenceOptions
        {
            Form = Form(type),
            Beta = one.Number("beta"),
            LabelSmoothing = one.Number("label_smoothing", absent: 0),
            Mean = type is "orpo" or "simpo" or "sigmoid_norm" || (type == "ipo" && one.Inputs.ContainsKey("ref_chosen_log_prob")),
            Margin = type == "simpo" ? one.Number("simpo_gamma") : 0,
            ReferencePoint = one.Number("delta", absent: 0),
            Tau = one.Number("discopop_tau", absent: 0.05),
        };

        // AlphaPO's alpha is 1 minus that of the divergence.
        return type == "simpo" && one.Has("alpha")
            ? options with { Divergence = PreferenceDivergence.Alpha, Alpha = 1 - one.Number("alpha") }
            : one.Text("f_divergence", "reverse_kl") switch
            {
                "reverse_kl" => options,
                "forward_kl" => options with { Divergence = PreferenceDivergence.ForwardKl },
                "js_divergence" => options with { Divergence = PreferenceDivergence.JensenShannon },
                "alpha_divergence" => options with { Divergence = PreferenceDivergence.Alpha, Alpha = one.Number("alpha") },
                var other => throw new InvalidDataException($"f_divergence '{other}' has neither code nor a rule in golden-scope.json."),
            };
    }

    private static PreferenceForm Form(string type) => type switch
    {
        "sigmoid" or "sigmoid_norm" or "simpo" => PreferenceForm.Sigmoid,
        "hinge" => PreferenceForm.Hinge,
        "ipo" or "ipo_sum" => PreferenceForm.Ipo,
        "robust" => PreferenceForm.Robust,
        "exo_pair" => PreferenceForm.Exo,
        "nca_pair" => PreferenceForm.Nca,
        "sppo_hard" => PreferenceForm.Sppo,
        "apo_zero" => PreferenceForm.ApoZero,
        "apo_down" => PreferenceForm.ApoDown,
        "discopop" => PreferenceForm.DiscoPop,
        "orpo" => PreferenceForm.Orpo,
        "bco" or "bco_pair" => PreferenceForm.Bco,
        _ => throw new InvalidDataException($"loss_type '{type}' has neither code nor a rule in golden-scope.json."),
    };

    /// <summary>LD-DPO: tokens beyond the length of the shorter answer count less.</summary>
    private static void WeighTail(RlCase one, float[] weights, int pairs, int columns)
    {
        for (int pair = 0; one.Has("ld_alpha") && pair < pairs; pair++)
        {
            Span<float> chosen = weights.AsSpan(2 * pair * columns, columns);
            Span<float> rejected = weights.AsSpan(((2 * pair) + 1) * columns, columns);
            int shorter = Math.Min(chosen.Count(1), rejected.Count(1));
            Weigh(chosen, shorter, (float)one.Number("ld_alpha"));
            Weigh(rejected, shorter, (float)one.Number("ld_alpha"));
        }

        static void Weigh(Span<float> answer, int whole, float rest)
        {
            foreach (ref float weight in answer)
            {
                if (weight != 0 && whole-- <= 0)
                {
                    weight = rest;
                }
            }
        }
    }

    private static float[] Interleave(GoldenTensor even, GoldenTensor odd)
    {
        float[][] sides = [even.Floats(), odd.Floats()];
        return
        [
            .. Enumerable.Range(0, 2 * even.Rows)
                .SelectMany(i => sides[i % 2].Skip(i / 2 * even.Columns).Take(even.Columns)),
        ];
    }

    private static void Poison(float[] weights, params float[][] arrays)
    {
        foreach (float[] array in arrays.Where(array => array.Length > 0))
        {
            for (int i = 0; i < weights.Length; i++)
            {
                array[i] = weights[i] == 0 ? float.NaN : array[i];
            }
        }
    }

    private static double[] Every(float[] values, int side) =>
        [.. Enumerable.Range(0, values.Length / 2).Select(pair => (double)values[(2 * pair) + side])];

    private static double Accuracy(float[] rewards) =>
        Every(rewards, 0).Zip(Every(rewards, 1)).Average(pair => pair.First > pair.Second ? 1.0 : 0.0);

    /// <summary>[B, T] of one side.</summary>
    private static double[] Side(float[] values, int side, int columns) =>
        [.. values.Chunk(columns).Where((_, answer) => answer % 2 == side).SelectMany(row => row).Select(x => (double)x)];

    /// <summary>
    /// The gradient of the first token of each answer, which all of them have; of a mean, where the reference derives by
    /// that, times their number.
    /// </summary>
    private static double[] OfFirstToken(RlCase one, float[] gradients, float[] weights, int side, int columns)
    {
        bool byMean = one.Note.Contains("respect to the mean", StringComparison.Ordinal);
        return
        [
            .. gradients.Chunk(columns).Zip(weights.Chunk(columns))
                .Where((_, answer) => answer % 2 == side)
                .Select(row => row.First[Array.FindIndex(row.Second, weight => weight != 0)]
                    * (byMean ? row.Second.Count(weight => weight != 0) : 1.0)),
        ];
    }
}
