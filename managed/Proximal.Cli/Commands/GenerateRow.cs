using Proximal.Cli.Rows;
using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary>A row whose responses are under way, or its error.</summary>
/// <param name="Row">The row.</param>
/// <param name="Prompt">Its tokens.</param>
/// <param name="Responses">Completes with its responses.</param>
/// <param name="Error">What is wrong with it.</param>
internal sealed record GenerateRow(InputRow Row, int[] Prompt, Task<Generation[]> Responses, string? Error);
