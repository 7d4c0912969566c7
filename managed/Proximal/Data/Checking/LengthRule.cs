using Proximal.Evaluation;

namespace Proximal.Data.Checking;

/// <summary>How well "the longer answer is the chosen one" tells which answer was chosen.</summary>
/// <param name="Unit">What lengths are counted in: words, characters (Unicode code points) or tokens.</param>
/// <param name="Split">The split of the pairs; <see langword="null"/>: all pairs.</param>
/// <param name="Longer">Pairs whose chosen answer is the longer one.</param>
/// <param name="Ties">Pairs whose answers are equally long.</param>
/// <param name="Shorter">Pairs whose chosen answer is the shorter one.</param>
public sealed record LengthRule(string Unit, string? Split, long Longer, long Ties, long Shorter)
{
    /// <summary>The share of pairs that the rule gets right, a tie as half of one, with Wilson's 95 % interval; at least one pair.</summary>
    public Estimate Accuracy => Share.Of(Longer + (Ties / 2.0), Longer + Ties + Shorter);
}
