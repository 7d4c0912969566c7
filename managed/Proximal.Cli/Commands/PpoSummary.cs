using System.Globalization;
using Proximal.Runs;
using Proximal.Training.Ppo;

namespace Proximal.Cli.Commands;

/// <summary>What the invariants said over a whole run.</summary>
internal sealed class PpoSummary
{
    private readonly Dictionary<string, int> _warnings = [];
    private double _ratio = double.NaN;
    private double _difference = double.NaN;

    /// <summary>Steps committed.</summary>
    public int Steps { get; private set; }

    /// <summary>Takes a committed step in.</summary>
    /// <returns>The warnings that were not given before.</returns>
    public IReadOnlyList<string> Add(PpoProgress step)
    {
        Steps++;
        _ratio = Largest(_ratio, step.Metrics.GetValueOrDefault("invariant/first_ratio_deviation", double.NaN));
        _difference = Largest(_difference, step.Metrics.GetValueOrDefault("rollout/logprob_difference_max", double.NaN));
        var fresh = new List<string>();
        foreach (string warning in step.Warnings)
        {
            string kind = WarningSummary.KindOf(warning);
            _warnings[kind] = _warnings.GetValueOrDefault(kind) + 1;
            if (_warnings[kind] == 1)
            {
                fresh.Add(warning);
            }
        }

        return fresh;
    }

    /// <summary>The invariants in plain words.</summary>
    public IEnumerable<string> Lines()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"steps:      {Steps}");
        if (!double.IsNaN(_ratio))
        {
            yield return _ratio == 0
                ? "invariants: the first minibatch of every step started at ratio 1 exactly"
                : string.Create(CultureInfo.InvariantCulture, $"invariants: a first minibatch started {_ratio:G3} away from ratio 1");
        }

        if (!double.IsNaN(_difference))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"            log-probs of sampling and training differ by at most {_difference:G3}");
        }

        yield return _warnings.Count == 0
            ? "            no warnings"
            : string.Create(
                CultureInfo.InvariantCulture, $"            {_warnings.Values.Sum()} warnings of {_warnings.Count} kinds; the first of each is above");
    }

    private static double Largest(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Max(a, b);
}
