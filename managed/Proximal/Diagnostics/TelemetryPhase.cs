namespace Proximal.Diagnostics;

/// <summary>The parts of a step, as telemetry names them.</summary>
internal static class TelemetryPhase
{
    public const string Rollout = "rollout";
    public const string Scoring = "scoring";
    public const string Training = "training";
    public const string Validation = "validation";
    public const string Checkpoint = "checkpoint";
}
