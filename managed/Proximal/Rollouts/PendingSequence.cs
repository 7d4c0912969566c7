using System.Diagnostics;
using System.Threading.Channels;
using Proximal.Diagnostics;

namespace Proximal.Rollouts;

/// <summary>A request under way: collects its tokens and completes its task. Used under the generator's lock.</summary>
internal sealed class PendingSequence(GenerationRequest request, ChannelWriter<GeneratedToken>? stream)
{
    private readonly List<int> _tokens = [];
    private readonly List<float> _logProbs = [];
    private readonly List<float> _entropies = [];

    // Continuations run elsewhere: the thread that pumps tokens must not run a caller's code.
    private readonly TaskCompletionSource<Generation> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>0: nobody wants to know.</summary>
    private readonly long _submitted = Instruments.MeasuresQueue ? Stopwatch.GetTimestamp() : 0;
    private int _count;

    public GenerationRequest Request => request;

    public Task<Generation> Task => _completion.Task;

    /// <summary>Tokens so far; any thread.</summary>
    public int TokenCount => Volatile.Read(ref _count);

    /// <summary>Why the sequence was cancelled, when it was this side that did.</summary>
    public Exception? CancelReason { get; set; }

    public CancellationTokenRegistration Registration { get; set; }

    public void Add(int token, float logProb, float entropy, FinishReason reason)
    {
        if (_tokens.Count == 0 && _submitted != 0)
        {
            Instruments.Queued(Stopwatch.GetElapsedTime(_submitted));
        }

        Instruments.TokenSampled();
        _tokens.Add(token);
        _logProbs.Add(logProb);
        _entropies.Add(entropy);
        Volatile.Write(ref _count, _tokens.Count);
        stream?.TryWrite(new GeneratedToken(_tokens.Count - 1, token, logProb, entropy, reason));
    }

    public void Complete(FinishReason reason)
    {
        Instruments.SequenceEnded();
        Registration.Unregister();
        _completion.TrySetResult(
            new Generation(request.SampleId, request.Prompt, [.. _tokens], [.. _logProbs], [.. _entropies], reason));
        stream?.TryComplete();
    }

    public void Fail(Exception exception)
    {
        Instruments.SequenceEnded();
        Registration.Unregister();
        if (exception is OperationCanceledException cancelled)
        {
            _completion.TrySetCanceled(cancelled.CancellationToken);
        }
        else
        {
            _completion.TrySetException(exception);
        }

        stream?.TryComplete(exception);
    }
}
