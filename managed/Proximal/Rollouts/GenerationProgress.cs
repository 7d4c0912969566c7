namespace Proximal.Rollouts;

/// <summary>How far a batch of responses is.</summary>
/// <param name="Finished">Responses done.</param>
/// <param name="Total">Responses asked for.</param>
/// <param name="Tokens">Tokens generated so far.</param>
public readonly record struct GenerationProgress(int Finished, int Total, long Tokens);
