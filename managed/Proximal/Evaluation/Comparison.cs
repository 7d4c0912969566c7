namespace Proximal.Evaluation;

/// <summary>The mean of one quantity for two models that answered the same prompts.</summary>
/// <param name="Baseline">The baseline's mean.</param>
/// <param name="Model">The model's mean.</param>
/// <param name="Difference">Model less baseline. Its interval is that of the pairs, narrower than the two others suggest.</param>
public sealed record Comparison(Estimate Baseline, Estimate Model, Estimate Difference);
