using System.Runtime.CompilerServices;
using Proximal.Configuration;
using Proximal.Internal;
using Proximal.Rewards.Http;

namespace Proximal.Rewards;

/// <summary>A reward that a web service computes; Rewards/HTTP.md is the service's side.</summary>
/// <remarks>Options of an <see cref="HttpReward"/>. Whatever does not change the scores of a service that works may change when a run is resumed.</remarks>
public sealed record HttpRewardOptions : RewardOptions
{
    private const double Day = 86400;

    /// <summary>Where requests are posted: http or https, without credentials. Redirects are not followed.</summary>
    [ChangeableOnResume]
    public required string Url { get; init; }

    /// <summary>
    /// Headers of every request, each with the environment variable that holds its value, such as
    /// <c>Authorization: REWARD_AUTHORIZATION</c>. The values are never written anywhere.
    /// </summary>
    [ChangeableOnResume]
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Lets a host name stand for private and loopback addresses. Without it they are connected to only where the URL itself
    /// names them, as an address or as <c>localhost</c>.
    /// </summary>
    [ChangeableOnResume]
    public bool AllowPrivate { get; init; }

    /// <summary>The most responses of a request; at least 1.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The most requests at a time; at least 1.</summary>
    [ChangeableOnResume]
    public int Concurrency { get; init; } = 4;

    /// <summary>Sends the tokens of prompt and response too.</summary>
    public bool SendTokens { get; init; }

    /// <summary>Sends the prompt's whole row of a JSONL file too.</summary>
    public bool SendMetadata { get; init; } = true;

    /// <summary>Seconds until a request is given up and counts as failed; 0.01 to 86400.</summary>
    [ChangeableOnResume]
    public double TimeoutSeconds { get; init; } = 30;

    /// <summary>How often a request that failed is sent again; at least 0.</summary>
    [ChangeableOnResume]
    public int Retries { get; init; } = 4;

    /// <summary>Seconds, on average, before the first retry; every further one waits twice as long. 0 to 86400.</summary>
    [ChangeableOnResume]
    public double RetryDelaySeconds { get; init; } = 1;

    /// <summary>The most seconds before a retry; 0 to 86400.</summary>
    [ChangeableOnResume]
    public double MaxRetryDelaySeconds { get; init; } = 30;

    /// <summary>Failed requests, and at least half of the latest, after which none is sent for a while; at least 2.</summary>
    [ChangeableOnResume]
    public int BreakAfter { get; init; } = 10;

    /// <summary>Seconds of that while; one request then tries whether the service is back. 0.5 to 86400.</summary>
    [ChangeableOnResume]
    public double BreakSeconds { get; init; } = 30;

    /// <summary>The most bytes of an answer; at least 1.</summary>
    [ChangeableOnResume]
    public int MaxAnswerBytes { get; init; } = 16 << 20;

    /// <summary>What happens when all tries of a request have failed, or its answer cannot be used.</summary>
    [ChangeableOnResume]
    public HttpFailureAction OnFailure { get; init; } = HttpFailureAction.Stop;

    /// <summary>The score of the responses of a failed request, under <see cref="HttpFailureAction.UseValue"/>; finite.</summary>
    [ChangeableOnResume]
    public double FailureValue { get; init; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An environment variable of <see cref="Headers"/> is not set.</exception>
    public override IReward Create(RewardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Own(new HttpReward(this));
    }

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = ServiceAddress.Parse(Url);
        Require.AtLeast(BatchSize, 1);
        Require.AtLeast(Concurrency, 1);
        Seconds(TimeoutSeconds, 0.01);
        Require.AtLeast(Retries, 0);
        Seconds(RetryDelaySeconds, 0);
        Seconds(MaxRetryDelaySeconds, 0);
        Require.AtLeast(BreakAfter, 2);
        Seconds(BreakSeconds, 0.5);
        Require.AtLeast(MaxAnswerBytes, 1);
        Require.Defined(OnFailure);
        FormatReward.FiniteScore(FailureValue);
        Require.NotNull(Headers);
    }

    private static void Seconds(double value, double least, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= least && value <= Day))
        {
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"Expected seconds from {least} to {Day}."));
        }
    }
}
