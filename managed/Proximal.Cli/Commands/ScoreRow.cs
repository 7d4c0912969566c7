using Proximal.Cli.Rows;

namespace Proximal.Cli.Commands;

/// <summary>A row to score: its tokens and where its response starts, or its error.</summary>
/// <param name="Row">The row.</param>
/// <param name="Tokens">Its tokens; empty when it has an error.</param>
/// <param name="ResponseStart">The response's first token; <see langword="null"/>: the row is not divided.</param>
/// <param name="Error">What is wrong with it.</param>
internal sealed record ScoreRow(InputRow Row, int[] Tokens, int? ResponseStart, string? Error)
{
    public static ScoreRow Broken(InputRow row, string error) => new(row, [], null, error);
}
