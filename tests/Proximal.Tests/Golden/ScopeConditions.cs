using Proximal.Kernels;

namespace Proximal.Tests.Golden;

/// <summary>Properties of a case's inputs that the scope's rules may ask for under "when".</summary>
internal static class ScopeConditions
{
    /// <summary>The clamps of numerics.md, section 1.</summary>
    private const double LogRatioClamp = 20;
    private const double EstimateClamp = 10;

    /// <summary>Beyond it exp overflows a double.</summary>
    private const double ExponentLimit = 709;

    /// <summary>exp of less is 0 in float32.</summary>
    private const double UnderflowLimit = -103;

    /// <summary>The order in which a draw applies its filters.</summary>
    private static readonly string[] Filters = ["temperature", "top_k", "top_p", "min_p"];

    public static bool Holds(string condition, RlCase one) => condition switch
    {
        "the mask has a hole" => MaskRows(one).Any(HasHole),
        "the mask has zeros" => one.Mask.Data.Contains(0),
        "no token is valid" => one.Mask.Data.All(valid => valid == 0),
        "one token is valid" => one.Mask.Data.Sum() == 1,
        "there is room after a row's last token" => MaskRows(one).Any(row => row[^1] == 0),
        "a log-ratio is beyond 20" => Valid(one, LogRatios(one)).Any(ratio => Math.Abs(ratio) > LogRatioClamp),
        "a KL estimate is beyond 10" => Estimates(one).Any(estimate => Math.Abs(estimate) > EstimateClamp),
        "the mean ratio exceeds the threshold" => Valid(one, LogRatios(one)).Average(Math.Exp) > one.Number("ratio_threshold"),
        "a group has one row" => one.Input("group").Data.GroupBy(group => group).Any(rows => rows.Count() == 1),
        "a length exceeds the maximum" => one.Input("lengths").Data.Max() > one.Number("max_length"),
        "the warm-up is the whole run" => one.Number("warmup_steps") >= one.Number("total_steps"),
        "a difference overflows exp" => Differences(one).Any(difference => difference > ExponentLimit),
        "the clip range is not symmetric" => ClipRange(one) is [var low, var high] && low != -high,
        "a filter is none of temperature, top-k, top-p, min-p" => Steps(one).Any(step => !Filters.Contains(step)),
        "a filter is none of these and not the repetition penalty" =>
            Steps(one).Any(step => step != "repetition_penalty" && !Filters.Contains(step)),
        "the filters come in another order" => !InOrder(Steps(one)),
        "top-p is 1 and a probability underflows float32" => HasTopPOfOne(one) && HasUnderflow(one),
        "a logit is -infinity" => one.Input("logits").Data.Any(double.IsNegativeInfinity),
        "clipped and unclipped value loss coincide" => ValueTies.Of(one).Any(tie => tie),
        _ => throw new InvalidDataException($"golden-scope.json: no condition is called '{condition}'."),
    };

    private static IEnumerable<double[]> MaskRows(RlCase one) => Enumerable.Range(0, one.Mask.Rows).Select(one.Mask.Row);

    /// <summary>A position without a token after one with and before another with.</summary>
    private static bool HasHole(double[] row)
    {
        int first = Array.IndexOf(row, 1);
        int last = Array.LastIndexOf(row, 1);
        return first >= 0 && row.AsSpan(first, last - first).Contains(0);
    }

    private static double[] LogRatios(RlCase one) => Difference(one.Input("log_prob"), one.Input("old_log_prob"));

    private static IEnumerable<double> Estimates(RlCase one)
    {
        double[] differences = Difference(one.Input("log_prob"), one.Input("ref_log_prob"));
        KlEstimator? estimator = KlNames.TryParse(one.Text("kl_penalty", one.Text("kl_estimator", "k1")));
        return (one.Inputs.ContainsKey("mask") ? Valid(one, differences) : differences).Select(d => estimator switch
        {
            KlEstimator.K2 => d * d / 2,
            KlEstimator.K3 => Math.Exp(-d) - 1 + d,
            _ => d,
        });
    }

    private static double[] Difference(GoldenTensor a, GoldenTensor b) => [.. a.Data.Zip(b.Data, (x, y) => x - y)];

    private static IEnumerable<double> Valid(RlCase one, double[] values) => values.Where((_, i) => one.Mask.Data[i] == 1);

    private static IEnumerable<double> Differences(RlCase one) =>
        one.Input("rejected").Data.Zip(one.Input("chosen").Data, (rejected, chosen) => rejected - chosen);

    private static double[] ClipRange(RlCase one) =>
        one.Has("reward_clip_range") ? GoldenTensor.Numbers(one.Params.GetProperty("reward_clip_range")) : [];

    private static string[] Steps(RlCase one) =>
        [.. one.Params.GetProperty("steps").EnumerateArray().Select(step => step[0].GetString()!)];

    private static bool InOrder(string[] steps)
    {
        int[] places = Array.ConvertAll(steps, step => Array.IndexOf(Filters, step));
        return places.Zip(places.Skip(1)).All(pair => pair.First < pair.Second);
    }

    private static bool HasTopPOfOne(RlCase one) => one.Params.GetProperty("steps").EnumerateArray().Any(
        step => step[0].GetString() == "top_p" && step[1].GetDouble() == 1);

    private static bool HasUnderflow(RlCase one)
    {
        double temperature = one.Params.GetProperty("steps").EnumerateArray()
            .Where(step => step[0].GetString() == "temperature")
            .Select(step => step[1].GetDouble())
            .FirstOrDefault(1);
        GoldenTensor logits = one.Input("logits");
        return Enumerable.Range(0, logits.Rows).Select(logits.Row).Any(row => row.Any(
            logit => double.IsFinite(logit) && (logit - row.Max()) / temperature < UnderflowLimit));
    }
}
