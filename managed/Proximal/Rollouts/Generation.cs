namespace Proximal.Rollouts;

/// <summary>A finished response.</summary>
/// <param name="SampleId">The request's id.</param>
/// <param name="Prompt">The request's prompt.</param>
/// <param name="Tokens">The response's tokens, a stop token included.</param>
/// <param name="LogProbs">Log-prob of each under the training definition: log softmax(logits / T), without the filters.</param>
/// <param name="Entropies">Entropy of softmax(logits / T) before each, nats.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record Generation(
    ulong SampleId, int[] Prompt, int[] Tokens, float[] LogProbs, float[] Entropies, FinishReason FinishReason);
