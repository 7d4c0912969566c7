using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TrainingService;

/// <summary>Degraded when the run has failed: the service still answers, with the base model.</summary>
internal sealed class TrainingHealth(TrainingFeed feed) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(feed.Failure is { } failure
            ? HealthCheckResult.Degraded("The training run failed.", failure)
            : HealthCheckResult.Healthy(feed.State));
}
