namespace Proximal.Data.Checking;

/// <summary>The words of a row.</summary>
/// <param name="Prompt">The key of its prompt.</param>
/// <param name="Split">Its split.</param>
/// <param name="Words">The words of its texts, in the order of the roles.</param>
/// <param name="IsIdentical">Both answers are the same.</param>
internal sealed record SampledRow(UInt128 Prompt, string? Split, int[][] Words, bool IsIdentical);
