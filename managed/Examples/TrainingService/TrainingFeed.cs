using System.Runtime.CompilerServices;
using Proximal.Training.Ppo;

namespace TrainingService;

/// <summary>A committed step, as it goes over the wire.</summary>
/// <param name="Number">The step, from 1.</param>
/// <param name="Of">Steps of the run.</param>
/// <param name="Reward">Mean reward of its responses.</param>
/// <param name="Kl">Nats a response that the model has moved from where it began.</param>
internal sealed record TrainingStep(int Number, int Of, double Reward, double Kl);

/// <summary>What the run says: hears it on the run's thread, and tells it to any number of readers from the first step on.</summary>
internal sealed class TrainingFeed(IHostApplicationLifetime lifetime) : IProgress<PpoProgress>
{
    private readonly Lock _gate = new();
    private readonly List<TrainingStep> _steps = [];
    private TaskCompletionSource _news = NewsToCome();

    /// <summary>What the run does, in a word or a sentence.</summary>
    public string State { get; private set; } = "loading";

    /// <summary>Why the run failed; <see langword="null"/>: it did not.</summary>
    public Exception? Failure { get; private set; }

    private bool HasEnded { get; set; }

    public void Report(PpoProgress value) => Change(() =>
    {
        State = $"step {value.Step} of {value.Steps}: {value.Phase}";
        if (value.Phase == PpoPhase.Committed)
        {
            _steps.Add(new TrainingStep(value.Step, value.Steps, value.Metrics["objective/scores"], value.Metrics["objective/kl"]));
        }
    });

    public void End(string state) => Change(() =>
    {
        State = state;
        HasEnded = true;
    });

    public void Fail(Exception failure) => Change(() =>
    {
        State = "failed";
        Failure = failure;
        HasEnded = true;
    });

    /// <summary>All steps so far and then each as it comes, until the run or the host ends or the reader leaves.</summary>
    public async IAsyncEnumerable<TrainingStep> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A reader that waits would otherwise keep the host from stopping.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        for (int read = 0; !ended.IsCancellationRequested;)
        {
            (TrainingStep[] steps, Task news, bool last) = Since(read);
            foreach (TrainingStep step in steps)
            {
                yield return step;
            }

            read += steps.Length;
            if (last)
            {
                yield break;
            }

            await news.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private (TrainingStep[] Steps, Task News, bool Last) Since(int read)
    {
        lock (_gate)
        {
            return ([.. _steps.Skip(read)], _news.Task, HasEnded);
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _news.SetResult();
            _news = NewsToCome();
        }
    }

    private static TaskCompletionSource NewsToCome() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
