using System.Diagnostics;

namespace Proximal.Diagnostics;

/// <summary>Starts the library's activities; <see langword="null"/> comes back where nobody listens.</summary>
/// <remarks>Stage, step and run are handed down from an activity to those within it.</remarks>
internal static class Activities
{
    public const string Run = "proximal.run";
    public const string Step = "proximal.step";
    public const string Reward = "proximal.reward";

    /// <summary>The activity of a phase is named so and by the phase.</summary>
    public const string PhasePrefix = "proximal.";

    private static readonly string[] HandedDown =
        [ProximalTelemetry.StageTag, ProximalTelemetry.StepTag, ProximalTelemetry.RunTag];

    private static readonly ActivitySource Source = new(
        ProximalTelemetry.ActivitySourceName, typeof(Activities).Assembly.GetName().Version?.ToString());

    public static Activity? StartRun(string stage, string folder) => Start(Run)
        ?.SetTag(ProximalTelemetry.StageTag, stage)
        .SetTag(ProximalTelemetry.RunTag, folder);

    public static Activity? StartStep(string stage, int step) => Start(Step)
        ?.SetTag(ProximalTelemetry.StageTag, stage)
        .SetTag(ProximalTelemetry.StepTag, step);

    public static Activity? StartPhase(string phase) => Start(PhasePrefix + phase)
        ?.SetTag(ProximalTelemetry.PhaseTag, phase);

    /// <summary>A phase outside of a step's activity that belongs to the step.</summary>
    public static Activity? StartPhase(string phase, int step) => StartPhase(phase)
        ?.SetTag(ProximalTelemetry.StepTag, step);

    public static Activity? StartReward(string reward) => Start(Reward)
        ?.SetTag(ProximalTelemetry.RewardTag, reward);

    /// <summary>Marks what an exception ended.</summary>
    public static void Fail(this Activity? activity, Exception exception) => activity
        ?.SetStatus(ActivityStatusCode.Error, exception.Message)
        .SetTag("error.type", exception.GetType().FullName);

    private static Activity? Start(string name)
    {
        Activity? activity = Source.StartActivity(name);
        if (activity?.Parent is { } parent)
        {
            foreach (string tag in HandedDown)
            {
                activity.SetTag(tag, parent.GetTagItem(tag));
            }
        }

        return activity;
    }
}
