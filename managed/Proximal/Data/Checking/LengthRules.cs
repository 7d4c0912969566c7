namespace Proximal.Data.Checking;

/// <summary>Counts how often the longer answer is the chosen one.</summary>
internal sealed class LengthRules
{
    private readonly List<LengthRule> _rules = [];

    /// <summary>Counts a pair.</summary>
    /// <param name="unit">What the lengths are counted in.</param>
    /// <param name="split">The pair's split.</param>
    /// <param name="chosen">Length of the chosen answer.</param>
    /// <param name="rejected">Length of the rejected answer.</param>
    public void Add(string unit, string? split, int chosen, int rejected)
    {
        Count(unit, null, chosen.CompareTo(rejected));
        if (split is not null)
        {
            Count(unit, split, chosen.CompareTo(rejected));
        }
    }

    /// <summary>The rules: of all pairs first, then those of the splits.</summary>
    public IReadOnlyList<LengthRule> Rules() => [.. _rules.OrderBy(rule => rule.Split is null ? 0 : 1)];

    private void Count(string unit, string? split, int sign)
    {
        int at = _rules.FindIndex(rule => rule.Unit == unit && rule.Split == split);
        if (at < 0)
        {
            at = _rules.Count;
            _rules.Add(new LengthRule(unit, split, 0, 0, 0));
        }

        LengthRule rule = _rules[at];
        _rules[at] = sign switch
        {
            > 0 => rule with { Longer = rule.Longer + 1 },
            0 => rule with { Ties = rule.Ties + 1 },
            _ => rule with { Shorter = rule.Shorter + 1 },
        };
    }
}
