namespace Proximal.Runs;

/// <summary>One kind of warning over a whole run.</summary>
/// <param name="Text">The first such warning; those that differ in their numbers only count as the same.</param>
/// <param name="Count">Steps that gave it.</param>
/// <param name="FirstStep">The first of them.</param>
/// <param name="LastStep">The last of them.</param>
public sealed record WarningSummary(string Text, int Count, int FirstStep, int LastStep)
{
    /// <summary>What is the same in warnings that differ in their numbers only.</summary>
    /// <param name="text">A warning.</param>
    public static string KindOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new string([.. text.Where(character => !char.IsAsciiDigit(character))]);
    }
}
