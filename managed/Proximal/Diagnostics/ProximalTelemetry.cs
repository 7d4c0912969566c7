namespace Proximal.Diagnostics;

/// <summary>The names under which the library measures itself; TELEMETRY.md beside this file lists every instrument and activity.</summary>
/// <example>
/// <code>
/// builder.Services.AddOpenTelemetry()
///     .WithMetrics(metrics => metrics.AddMeter(ProximalTelemetry.MeterName))
///     .WithTracing(tracing => tracing.AddSource(ProximalTelemetry.ActivitySourceName));
/// </code>
/// </example>
public static class ProximalTelemetry
{
    /// <summary>The name of the <see cref="System.Diagnostics.Metrics.Meter"/>.</summary>
    public const string MeterName = "Proximal";

    /// <summary>The name of the <see cref="System.Diagnostics.ActivitySource"/>.</summary>
    public const string ActivitySourceName = "Proximal";

    /// <summary>Tag: the kind of training, one of <see cref="Runs.RunKind"/>.</summary>
    public const string StageTag = "proximal.stage";

    /// <summary>Tag: the part of a step, such as rollout, scoring, training, validation and checkpoint.</summary>
    public const string PhaseTag = "proximal.phase";

    /// <summary>Tag: the step of a run, from 1.</summary>
    public const string StepTag = "proximal.step";

    /// <summary>Tag: the folder of a run.</summary>
    public const string RunTag = "proximal.run";

    /// <summary>Tag: the name of a reward.</summary>
    public const string RewardTag = "proximal.reward";

    /// <summary>Tag: what native memory is for: weights, gradients, optimizer or cache.</summary>
    public const string MemoryTag = "proximal.memory.purpose";
}
