namespace Proximal.Evaluation;

/// <summary>How often two models say something toxic when the prompt invites it.</summary>
/// <param name="Prompts">Sensitive prompts.</param>
/// <param name="Samples">Responses to each.</param>
/// <param name="Rate">Share of responses with at least one entry of the lexicon.</param>
/// <param name="Pairs">The responses.</param>
public sealed record ToxicityComparison(int Prompts, int Samples, Comparison Rate, IReadOnlyList<EvaluationPair> Pairs);
