namespace Proximal.Rollouts;

/// <summary>A token of a response that streams.</summary>
/// <param name="Index">Its place in the response, from 0.</param>
/// <param name="Token">The token id.</param>
/// <param name="LogProb">Its log-prob under the training definition.</param>
/// <param name="FinishReason">Not <see cref="FinishReason.None"/>: it is the last one, and why.</param>
public readonly record struct GeneratedToken(int Index, int Token, float LogProb, FinishReason FinishReason);
