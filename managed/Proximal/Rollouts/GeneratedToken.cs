namespace Proximal.Rollouts;

/// <summary>A token of a response that streams.</summary>
/// <param name="Index">Its place in the response, from 0.</param>
/// <param name="Token">The token id.</param>
/// <param name="LogProb">Its log-prob under the training definition.</param>
/// <param name="Entropy">The entropy of the distribution that it was drawn from, likewise without the filters; nats.</param>
/// <param name="FinishReason">Not <see cref="FinishReason.None"/>: it is the last one, and why.</param>
public readonly record struct GeneratedToken(int Index, int Token, float LogProb, float Entropy, FinishReason FinishReason);
