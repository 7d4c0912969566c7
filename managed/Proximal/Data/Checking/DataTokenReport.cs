namespace Proximal.Data.Checking;

/// <summary>How rows fit a model.</summary>
/// <param name="MaxTokens">The most tokens of a sequence.</param>
/// <param name="Rows">Rows that were looked at.</param>
/// <param name="TooLong">Rows with a sequence that is longer.</param>
/// <param name="NoRoom">Rows whose prompt alone leaves no room for a token of the response.</param>
/// <param name="EqualOnceCut">Pairs whose sequences differ, but not in the tokens that fit.</param>
public sealed record DataTokenReport(int MaxTokens, long Rows, long TooLong, long NoRoom, long EqualOnceCut);
