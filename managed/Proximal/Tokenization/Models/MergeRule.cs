namespace Proximal.Tokenization.Models;

/// <summary>Two tokens that merge.</summary>
/// <param name="Left">The id of the first.</param>
/// <param name="Right">The id of the second.</param>
/// <param name="Rank">Lower ones go first; of equal ones the leftmost in the text.</param>
/// <param name="Merged">The id of what they become.</param>
internal readonly record struct MergeRule(int Left, int Right, int Rank, int Merged);
