using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Rollouts;

/// <summary>Generates responses. Concurrent callers share one batch; what is drawn for each has its own random numbers.</summary>
/// <remarks>
/// Random numbers depend on the seed, the sample id and the place in the response only, and with the engine's own backend
/// so does what is drawn. With LibTorch the logits' last bits may depend on what else is in the batch, so a token at the
/// very edge between two may differ between batches.
/// Sequences that begin alike are computed once as far as they do: samples of one prompt, a common system prompt.
/// The generator reads the model's own weights: a trainer's step on them changes what is drawn next, and is refused while
/// a response is unfinished. Any thread may call any method.
/// </remarks>
public sealed unsafe class Generator : IDisposable
{
    private const int EventCapacity = 256;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly GeneratorHandle _handle = new();
    private readonly Dictionary<ulong, PendingSequence> _pending = [];
    private Task _pump = Task.CompletedTask;
    private bool _pumping;
    private long _submissions;
    private bool _disposed;

    /// <summary>Makes a generator on a model with a language-model head.</summary>
    /// <param name="model">The model to draw from.</param>
    /// <param name="options">How it works; <see langword="null"/>: all defaults.</param>
    public Generator(LanguageModel model, GeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Info.Head != ModelHead.LanguageModel)
        {
            throw new ArgumentException(
                $"Generation needs a language-model head; the model has a {model.Info.Head} head.", nameof(model));
        }

        Model = model;
        NativeStatus.Check(_handle.Create(model.Handle, (options ?? new GeneratorOptions()).ToNative()));
    }

    /// <summary>The model that is drawn from.</summary>
    public LanguageModel Model { get; }

    /// <summary>What the generator has done in the steps that have ended.</summary>
    public GeneratorCounts Counts
    {
        get
        {
            using HandleLease<px_generator> generator = _handle.Acquire();
            px_generator_counts counts;
            NativeStatus.Check(NativeMethods.px_generator_count(generator.Pointer, &counts));
            return new GeneratorCounts(
                counts.steps, counts.drawn_tokens, counts.computed_tokens, counts.shared_tokens, counts.pauses, counts.cache_bytes);
        }
    }

    /// <summary>Generates one response.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Ends this response; the task is then cancelled.</param>
    /// <exception cref="ArgumentException">The request does not fit the model, or its id is in use.</exception>
    public Task<Generation> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        Validate(request);
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<Generation>(cancellationToken)
            : Submit(request, stream: null, cancellationToken).Task;
    }

    /// <summary>Generates responses and waits for all of them.</summary>
    /// <param name="requests">What to generate.</param>
    /// <param name="progress">Is told now and then, on the calling thread, and once at the end.</param>
    /// <param name="cancellationToken">Ends all of them.</param>
    /// <returns>The responses in the order of the requests.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing of the batch is under way any more.</exception>
    /// <exception cref="ProximalException">A response failed; the others were cancelled.</exception>
    public IReadOnlyList<Generation> Generate(
        IReadOnlyList<GenerationRequest> requests,
        IProgress<GenerationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Generate(requests, progress, submitted: null, cancellationToken);

    /// <summary>The same, for who wants each response as soon as it is finished.</summary>
    /// <param name="requests">What to generate.</param>
    /// <param name="progress">Is told now and then.</param>
    /// <param name="submitted">Gets the task of each response, in the order of the requests, before this waits for them.</param>
    /// <param name="cancellationToken">Ends all of them.</param>
    internal IReadOnlyList<Generation> Generate(
        IReadOnlyList<GenerationRequest> requests,
        IProgress<GenerationProgress>? progress,
        Action<IReadOnlyList<Task<Generation>>>? submitted,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requests);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (GenerationRequest request in requests)
        {
            Validate(request);
        }

        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sequences = new List<PendingSequence>(requests.Count);
        Exception? failure = null;
        try
        {
            // All are there before the first poll: equal batches go through the model in equal company, bit for bit.
            lock (_gate)
            {
                foreach (GenerationRequest request in requests)
                {
                    sequences.Add(Submit(request, stream: null, cancellation.Token));
                }
            }

            submitted?.Invoke([.. sequences.Select(sequence => sequence.Task)]);
            Await(sequences, progress, cancellation);
        }
        catch (Exception exception)
        {
            failure = exception;
            cancellation.Cancel();
            Await(sequences, progress: null, cancellation);
        }

        cancellationToken.ThrowIfCancellationRequested();
        failure ??= sequences.Select(sequence => sequence.Task.Exception?.InnerException).FirstOrDefault(error => error is not null);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return [.. sequences.Select(sequence => sequence.Task.Result)];
    }

    /// <summary>Generates one response and hands its tokens out as they come. Leaving the loop early ends it.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Ends the response; the enumeration then throws.</param>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(
        GenerationRequest request, CancellationToken cancellationToken = default)
    {
        Validate(request);
        return Stream(request, cancellationToken);
    }

    /// <summary>Ends what is unfinished, which then throws <see cref="ObjectDisposedException"/> at its caller.</summary>
    public void Dispose()
    {
        Task pump;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach (PendingSequence sequence in _pending.Values)
            {
                CancelNative(sequence, new ObjectDisposedException(nameof(Generator)));
            }

            pump = _pump;
        }

        pump.Wait();
        _handle.Dispose();
    }

    private async IAsyncEnumerable<GeneratedToken> Stream(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        cancellation.Token.ThrowIfCancellationRequested();
        var channel = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true });
        PendingSequence sequence = Submit(request, channel.Writer, cancellation.Token);
        try
        {
            await foreach (GeneratedToken token in channel.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return token;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
            await sequence.Task.ContinueWith(
                static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
    }

    private static void Await(
        List<PendingSequence> sequences, IProgress<GenerationProgress>? progress, CancellationTokenSource cancellation)
    {
        Task all = Task.WhenAll(sequences.Select(sequence => sequence.Task));
        while (true)
        {
            // Failures are looked at by the caller; here only the end counts.
            bool done = Task.WaitAny([all], ProgressInterval) == 0;
            if (sequences.Any(sequence => sequence.Task.IsFaulted))
            {
                cancellation.Cancel();
            }

            progress?.Report(new GenerationProgress(
                sequences.Count(sequence => sequence.Task.IsCompleted),
                sequences.Count,
                sequences.Sum(sequence => (long)sequence.TokenCount)));
            if (done)
            {
                _ = all.Exception;
                return;
            }
        }
    }

    private void Validate(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Prompt);
        ArgumentNullException.ThrowIfNull(request.Sampling);
        ArgumentNullException.ThrowIfNull(request.StopTokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.MaxNewTokens, 1);
        request.Sampling.Validate();
        Model.ValidateSequence(request.Prompt, $"The prompt of sample {request.SampleId}", nameof(request));
        if (request.Prompt.Length == 0 || request.Prompt.Length >= Model.Info.ContextLength)
        {
            throw new ArgumentException(
                $"The prompt of sample {request.SampleId} has {request.Prompt.Length} tokens; expected 1 to "
                + $"{Model.Info.ContextLength - 1}, the model's context less one for the response.",
                nameof(request));
        }
    }

    private PendingSequence Submit(
        GenerationRequest request, ChannelWriter<GeneratedToken>? stream, CancellationToken cancellationToken)
    {
        var sequence = new PendingSequence(request, stream);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_pending.TryAdd(request.SampleId, sequence))
            {
                throw new ArgumentException(
                    $"Sample id {request.SampleId} is in use by an unfinished request: give each its own.", nameof(request));
            }

            try
            {
                SubmitNative(request);
            }
            catch
            {
                _pending.Remove(request.SampleId);
                throw;
            }

            Instruments.SequenceStarted();
            _submissions++;
            if (!_pumping)
            {
                _pumping = true;
                _pump = Task.Factory.StartNew(
                    Pump, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }

        // Outside the lock: a token that is cancelled already calls back at once.
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            (state, token) => Cancel((PendingSequence)state!, token), sequence);
        lock (_gate)
        {
            sequence.Registration = registration;
            if (sequence.Task.IsCompleted)
            {
                registration.Unregister();
            }
        }

        return sequence;
    }

    private void SubmitNative(GenerationRequest request)
    {
        bool greedy = request.Sampling.Temperature == 0;
        int[] stopTokens = [.. request.StopTokens];
        using HandleLease<px_generator> generator = _handle.Acquire();
        fixed (int* prompt = request.Prompt, stops = stopTokens)
        {
            var native = new px_generate_request
            {
                struct_size = (uint)sizeof(px_generate_request),
                flags = greedy ? (uint)px_generate_flags.PX_GENERATE_GREEDY : 0,
                sample_id = request.SampleId,
                prompt = prompt,
                prompt_count = request.Prompt.Length,
                max_new_tokens = request.MaxNewTokens,
                temperature = greedy ? 1 : request.Sampling.Temperature,
                top_k = request.Sampling.TopK,
                top_p = request.Sampling.TopP == 1 ? 0 : request.Sampling.TopP,
                min_p = request.Sampling.MinP,
                stop_tokens = stops,
                stop_count = stopTokens.Length,
            };
            NativeStatus.Check(NativeMethods.px_generator_submit(generator.Pointer, &native));
        }
    }

    private void Cancel(PendingSequence sequence, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // The id may have been given to another request since this one ended.
            if (_pending.GetValueOrDefault(sequence.Request.SampleId) == sequence)
            {
                CancelNative(sequence, new OperationCanceledException(cancellationToken));
            }
        }
    }

    private void CancelNative(PendingSequence sequence, Exception reason)
    {
        sequence.CancelReason ??= reason;
        using HandleLease<px_generator> generator = _handle.Acquire();
        NativeStatus.Check(NativeMethods.px_generator_cancel(generator.Pointer, sequence.Request.SampleId));
    }

    /// <summary>Polls while anything is unfinished; a later submission starts it again.</summary>
    private void Pump()
    {
        px_generation_event[] events = new px_generation_event[EventCapacity];
        bool abandoned = false; // natively, sequences wait for their cancelled ends to be polled
        while (true)
        {
            long submissions;
            lock (_gate)
            {
                submissions = _submissions;
            }

            Exception? failure = Poll(events, out int count);
            lock (_gate)
            {
                failure ??= Dispatch(events.AsSpan(0, count));
                if (failure is null && count == 0 && _pending.Count > 0 && _submissions == submissions)
                {
                    failure = new ProximalException(
                        ProximalStatus.Internal,
                        nameof(NativeMethods.px_generator_poll),
                        $"px_generator_poll: reports nothing unfinished while {_pending.Count} sequences are");
                }

                if (failure is not null)
                {
                    FailAll(failure);
                    abandoned = !abandoned; // a second failure is not followed by another try
                }
                else if (count == 0)
                {
                    abandoned = false;
                }

                if (_pending.Count == 0 && !abandoned)
                {
                    _pumping = false;
                    return;
                }
            }
        }
    }

    private Exception? Poll(px_generation_event[] events, out int count)
    {
        count = 0;
        using HandleLease<px_generator> generator = _handle.Acquire();
        long received = 0;
        px_status status;
        fixed (px_generation_event* buffer = events)
        {
            status = NativeMethods.px_generator_poll(generator.Pointer, buffer, events.Length, &received);
        }

        if (status != px_status.PX_OK)
        {
            return NativeStatus.LastException(status);
        }

        count = (int)received;
        return null;
    }

    /// <summary>A listener to the instruments that throws must fail the responses, not leave their callers waiting.</summary>
    private Exception? Dispatch(ReadOnlySpan<px_generation_event> events)
    {
        try
        {
            foreach (ref readonly px_generation_event received in events)
            {
                Dispatch(received);
            }

            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private void Dispatch(in px_generation_event received)
    {
        if (!_pending.TryGetValue(received.sample_id, out PendingSequence? sequence))
        {
            return; // failed on this side before its native end was polled
        }

        var reason = (px_finish_reason)received.finish_reason;
        if (received.token >= 0)
        {
            sequence.Add(received.token, received.logprob, received.entropy, (FinishReason)reason);
        }

        if (reason == px_finish_reason.PX_FINISH_NONE)
        {
            return;
        }

        _pending.Remove(received.sample_id);
        switch (reason)
        {
            case px_finish_reason.PX_FINISH_CANCELLED:
                sequence.Fail(sequence.CancelReason ?? new OperationCanceledException());
                break;
            case px_finish_reason.PX_FINISH_ERROR:
                sequence.Fail(new ProximalException(
                    ProximalStatus.NotFinite,
                    nameof(NativeMethods.px_generator_poll),
                    $"px_generator_poll: sample {received.sample_id}: the logits after {sequence.TokenCount} tokens are not "
                    + "finite; the weights are broken: go back to an earlier checkpoint"));
                break;
            default:
                sequence.Complete((FinishReason)reason);
                break;
        }
    }

    private void FailAll(Exception failure)
    {
        foreach (PendingSequence sequence in _pending.Values)
        {
            CancelNative(sequence, failure);
            sequence.Fail(failure);
        }

        _pending.Clear();
    }
}
