using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Rollouts;

namespace Proximal.Training.Ppo;

/// <summary>The reward's part of one step: each batch of responses is scored, in order, as soon as it is generated.</summary>
/// <remarks>
/// Generation and the models' passes go on meanwhile, so a slow reward holds up nothing before its scores are needed. What a
/// batch holds does not depend on what is finished first. A reward that fails ends the step.
/// </remarks>
internal sealed class StepRewards : IDisposable
{
    private readonly ResponseScorer _scorer;
    private readonly int _batch;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _step;
    private readonly Activity? _activity = Activity.Current; // the step's: scoring outlives the phase that starts it
    private Task<List<Rollout>>? _work;
    private RewardException? _failure;

    /// <param name="scorer">Scores a batch.</param>
    /// <param name="batch">Responses of a batch.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public StepRewards(ResponseScorer scorer, int batch, CancellationToken cancellationToken)
    {
        _scorer = scorer;
        _batch = batch;
        _caller = cancellationToken;
        _step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>Ends the step: the caller wants it, or the reward has failed.</summary>
    public CancellationToken StepToken => _step.Token;

    /// <summary>Starts to score.</summary>
    /// <param name="prompts">The prompt of each response.</param>
    /// <param name="responses">The responses, finished or under way.</param>
    public void Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<Task<Generation>> responses) =>
        _work = Task.Run(() => ScoreAsync([.. prompts], [.. responses]), CancellationToken.None);

    /// <summary>Waits for the scores.</summary>
    /// <param name="rollout">All responses.</param>
    /// <returns>The rollout with texts, scores and components; as it is, when <see cref="Start"/> was not called.</returns>
    /// <exception cref="RewardException">The reward failed.</exception>
    public async Task<Rollout> AddToAsync(Rollout rollout)
    {
        if (_work is null)
        {
            return rollout;
        }

        List<Rollout> parts = await _work.ConfigureAwait(false);
        return rollout with
        {
            ResponseTexts = [.. parts.SelectMany(part => part.ResponseTexts)],
            Scores = [.. parts.SelectMany(part => part.Scores)],
            Components = RewardColumns.Join([.. parts.Select(part => part.Components)]),
            TokenScores = parts.All(part => part.TokenScores.Length == 0)
                ? []
                : [.. parts.SelectMany(part => part.TokenScores.Length == 0 ? new float[part.Count] : part.TokenScores)],
        };
    }

    /// <summary>Ends what is under way and waits for it, after the step has failed.</summary>
    /// <exception cref="RewardException">It was the reward that failed.</exception>
    public async Task AbandonAsync()
    {
        RewardException? failure = Volatile.Read(ref _failure);
        await _step.CancelAsync().ConfigureAwait(false);
        if (_work is not null)
        {
            await ((Task)_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (failure is not null && !_caller.IsCancellationRequested)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose() => _step.Dispose();

    private async Task<List<Rollout>> ScoreAsync(Prompt[] prompts, Task<Generation>[] responses)
    {
        Activity.Current = _activity;
        var parts = new List<Rollout>();
        try
        {
            for (int begin = 0; begin < responses.Length; begin += _batch)
            {
                Range batch = begin..Math.Min(begin + _batch, responses.Length);
                Generation[] generations = await Task.WhenAll(responses[batch]).ConfigureAwait(false);
                parts.Add(await _scorer.ScoreAsync(Rollout.Pack(prompts[batch], generations), _step.Token).ConfigureAwait(false));
            }
        }
        catch (RewardException failure)
        {
            Volatile.Write(ref _failure, failure);
            await _step.CancelAsync().ConfigureAwait(false);
            throw;
        }

        return parts;
    }
}
