using Proximal.Evaluation;

namespace Proximal.Data.Checking;

/// <summary>How well the words of two answers, whatever their order, tell which of them was chosen.</summary>
/// <remarks>
/// A logistic regression without intercept on the differences d of the counts of words, chosen less rejected: it minimises
/// sum log(1 + exp(-w d)) + 5 |w|^2. Pairs of identical answers are left out.
/// </remarks>
/// <param name="TestedOn">The split that it was tested on, having learned from <paramref name="TrainedOn"/>; <see langword="null"/>: five folds by prompt, each predicted from the others.</param>
/// <param name="TrainedOn">The split that it learned from; <see langword="null"/>: see <paramref name="TestedOn"/>.</param>
/// <param name="Pairs">Pairs that were predicted.</param>
/// <param name="Accuracy">The share of them that it got right, a tie as half of one, with Wilson's 95 % interval, which takes pairs as independent.</param>
public sealed record WordRule(string? TestedOn, string? TrainedOn, long Pairs, Estimate Accuracy);
