using System.Net;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Proximal.Rewards.Http;

namespace Proximal.Rewards;

/// <summary>A reward that a web service computes. Rewards/HTTP.md says what it is sent and what it answers.</summary>
/// <remarks>
/// The responses of a batch go out in requests of at most so many, some of them at a time, each with a timeout, retries with
/// growing and jittered delays, and a circuit breaker around all. Scores come back in the order of the responses whatever
/// the order of the answers.
/// </remarks>
public sealed class HttpReward : IReward, IDisposable
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "http";

    private readonly HttpRewardOptions _options;
    private readonly ServiceAddress _address;
    private readonly ServiceConnection _connection;
    private readonly ResiliencePipeline _patience;

    /// <summary>Makes the reward; nothing is sent yet.</summary>
    /// <param name="options">Where to and how.</param>
    /// <param name="timeProvider">Timeouts, delays and the breaker go by it; <see langword="null"/>: the system's.</param>
    /// <exception cref="ArgumentException">An option cannot be used, or the environment variable of a header is not set.</exception>
    public HttpReward(HttpRewardOptions options, TimeProvider? timeProvider = null)
        : this(options, timeProvider ?? TimeProvider.System, Dns.GetHostAddressesAsync)
    {
    }

    /// <summary>Makes the reward with another way to look host names up.</summary>
    internal HttpReward(
        HttpRewardOptions options, TimeProvider timeProvider, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Name = options.Name ?? DefaultName;
        RewardRunner.CheckName(Name);
        _options = options;
        _address = new ServiceAddress(options.Url, options.AllowPrivate);
        _connection = new ServiceConnection(_address, options, resolve);
        _patience = ServicePatience.Create(options, timeProvider);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    /// <exception cref="RewardException">The service gave no usable answer and the options say to stop.</exception>
    public async ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        RewardRow[][] requests = [.. batch.Rows.Chunk(_options.BatchSize)];
        var answers = new RewardResult[requests.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, requests.Length),
            new ParallelOptions { MaxDegreeOfParallelism = _options.Concurrency, CancellationToken = cancellationToken },
            async (request, stop) => answers[request] = await AskAsync(requests[request], stop).ConfigureAwait(false))
            .ConfigureAwait(false);
        return Join(requests, answers);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _connection.Dispose();

    private async ValueTask<RewardResult> AskAsync(RewardRow[] rows, CancellationToken cancellationToken)
    {
        byte[] request = ServiceMessages.Write(rows, _options);
        int tries = 0;
        try
        {
            RewardResult answer = await _patience.ExecuteAsync(
                async attempt =>
                {
                    tries++;
                    return ServiceMessages.Read(await _connection.PostAsync(request, attempt).ConfigureAwait(false), rows);
                },
                cancellationToken).ConfigureAwait(false);
            return _options.OnFailure == HttpFailureAction.UseValue ? WithFailed(answer, 0) : answer;
        }
        catch (Exception failure) when (failure is ServiceFault or TimeoutRejectedException or BrokenCircuitException)
        {
            bool goesOn = _options.OnFailure == HttpFailureAction.UseValue
                && failure is not ServiceFault { Kind: ServiceFaultKind.Configuration };
            return goesOn ? Fallback(rows) : throw Failed(rows, tries, failure);
        }
    }

    private RewardResult Fallback(RewardRow[] rows) => WithFailed(
        new RewardResult { Scores = [.. Enumerable.Repeat((float)_options.FailureValue, rows.Length)] }, 1);

    /// <summary>Says of each response whether the service failed on it, so that the share is a curve.</summary>
    private static RewardResult WithFailed(RewardResult answer, float failed) => answer with
    {
        Components = new Dictionary<string, float[]>(answer.Components)
        {
            [ServiceMessages.FailedComponent] = [.. Enumerable.Repeat(failed, answer.Scores.Length)],
        },
    };

    private static RewardResult Join(RewardRow[][] requests, RewardResult[] answers) => new()
    {
        Scores = [.. answers.SelectMany(answer => answer.Scores)],
        Components = RewardColumns.Join([.. answers.Select(answer => answer.Components)]),
        TokenRewards = answers.All(answer => answer.TokenRewards is null)
            ? null
            : [.. answers.SelectMany((answer, i) => answer.TokenRewards ?? new float[requests[i].Sum(row => row.ResponseTokens.Length)])],
    };

    private RewardException Failed(RewardRow[] rows, int tries, Exception failure)
    {
        string reason = failure switch
        {
            TimeoutRejectedException => FormattableString.Invariant($"gave no answer within {_options.TimeoutSeconds} s"),
            BrokenCircuitException => "is not called for a while, after too many failures",
            _ => failure.Message,
        };
        string advice = failure switch
        {
            ServiceFault { Kind: ServiceFaultKind.Configuration } => "Then run again.",
            ServiceFault { Kind: ServiceFaultKind.BadAnswer } =>
                "Correct the service (managed/Proximal/Rewards/HTTP.md says what it must answer) and run again; on_failure: use_value would go on without it.",
            _ => "Start or repair the service, or correct url, and run again or resume; on_failure: use_value would go on without it.",
        };
        string prompt = rows[0].Source is { } source ? $", the first to prompt {source}" : string.Empty;
        return new RewardException(
            Name,
            row: null,
            $"The reward '{Name}' got no scores for {rows.Length} responses{prompt}: {_address.Text} {reason} (tries: {tries}). {advice}",
            failure);
    }
}
