using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Proximal.Rewards.Http;

/// <summary>How long and how often a service is asked: a limit for one try, a circuit breaker around it, retries around both.</summary>
internal static class ServicePatience
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The pipeline that the options describe.</summary>
    /// <param name="options">The options.</param>
    /// <param name="time">All waiting goes by it.</param>
    public static ResiliencePipeline Create(HttpRewardOptions options, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(Retry(options));
        }

        return builder.AddCircuitBreaker(Breaker(options)).AddTimeout(TimeSpan.FromSeconds(options.TimeoutSeconds)).Build();
    }

    private static RetryStrategyOptions Retry(HttpRewardOptions options) => new()
    {
        MaxRetryAttempts = options.Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = TimeSpan.FromSeconds(options.RetryDelaySeconds),
        MaxDelay = TimeSpan.FromSeconds(options.MaxRetryDelaySeconds),

        // A run that would stop has time to wait for the breaker; one that goes on without the service has not.
        ShouldHandle = arguments => ValueTask.FromResult(
            IsTransient(arguments.Outcome.Exception)
            || (options.OnFailure == HttpFailureAction.Stop && arguments.Outcome.Exception is BrokenCircuitException)),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as BrokenCircuitException)?.RetryAfter),
    };

    private static CircuitBreakerStrategyOptions Breaker(HttpRewardOptions options)
    {
        // As long as so many tries can take: slow failures count together too.
        double window = options.BreakAfter * (options.TimeoutSeconds + options.MaxRetryDelaySeconds);
        return new()
        {
            FailureRatio = 0.5,
            MinimumThroughput = options.BreakAfter,
            SamplingDuration = TimeSpan.FromSeconds(Math.Clamp(window, 0.5, Longest.TotalSeconds)),
            BreakDuration = TimeSpan.FromSeconds(options.BreakSeconds),
            ShouldHandle = arguments => ValueTask.FromResult(IsTransient(arguments.Outcome.Exception)),
        };
    }

    private static bool IsTransient(Exception? exception) =>
        exception is TimeoutRejectedException or ServiceFault { Kind: ServiceFaultKind.Transient };
}
