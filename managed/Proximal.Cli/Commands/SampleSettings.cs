using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary>What is drawn for each row.</summary>
/// <param name="Samples">Responses.</param>
/// <param name="MaxNewTokens">The most tokens of each.</param>
/// <param name="Sampling">How they are drawn.</param>
internal sealed record SampleSettings(int Samples, int MaxNewTokens, SamplingOptions Sampling);
