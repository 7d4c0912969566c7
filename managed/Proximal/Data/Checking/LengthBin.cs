namespace Proximal.Data.Checking;

/// <summary>How many texts have a length in a range.</summary>
/// <param name="From">The shortest length.</param>
/// <param name="To">The longest length.</param>
/// <param name="Count">How many.</param>
public sealed record LengthBin(int From, int To, long Count);
