namespace Proximal.Runs;

/// <summary>One metric over a whole run. Values that are not finite do not count.</summary>
/// <param name="Count">Steps that have a value; at least 1.</param>
/// <param name="FirstStep">The first of them.</param>
/// <param name="First">Its value.</param>
/// <param name="LastStep">The last of them.</param>
/// <param name="Last">Its value.</param>
/// <param name="MinStep">The first step with the smallest value.</param>
/// <param name="Min">The smallest value.</param>
/// <param name="MaxStep">The first step with the largest value.</param>
/// <param name="Max">The largest value.</param>
public sealed record CurveSummary(
    int Count, int FirstStep, double First, int LastStep, double Last, int MinStep, double Min, int MaxStep, double Max)
{
    /// <summary>The summary of one value.</summary>
    /// <param name="step">Its step.</param>
    /// <param name="value">A finite number.</param>
    public static CurveSummary Of(int step, double value) => new(1, step, value, step, value, step, value, step, value);

    /// <summary>The summary with the value of a later step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="value">A finite number.</param>
    public CurveSummary With(int step, double value) => new(
        Count + 1,
        FirstStep,
        First,
        step,
        value,
        value < Min ? step : MinStep,
        Math.Min(value, Min),
        value > Max ? step : MaxStep,
        Math.Max(value, Max));
}
