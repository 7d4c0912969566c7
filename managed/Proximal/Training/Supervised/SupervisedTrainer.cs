using System.Diagnostics;
using System.Runtime.CompilerServices;
using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Runs.Checkpoints;

namespace Proximal.Training.Supervised;

/// <summary>
/// Trains a model on a fixed set of items: each step packs a batch into micro-batches, accumulates their gradients and does
/// one optimizer step; now and then the validation items are measured and the best weights are kept.
/// </summary>
/// <remarks>
/// One caller at a time: a second one gets an <see cref="InvalidOperationException"/>. Cancellation is seen within one
/// micro-batch and always throws; everything is then as after the last committed step, as it
/// is after any failure.
/// Deterministic: the same seed, threads and machine give the same run, bit for bit.
/// </remarks>
public abstract class SupervisedTrainer : ICheckpointed, IDisposable
{
    /// <summary>The curve that decides which weights are best.</summary>
    internal const string ValidationLoss = "validation/loss";

    /// <summary>The names of the model and of its best weights in a checkpoint.</summary>
    private const string ModelName = "model";
    private const string BestName = "best";

    private const ulong OrderStream = 3UL << 48;

    private readonly SupervisedOptions _options;
    private readonly int[] _validation;
    private readonly int _items;
    private readonly ulong _seed;
    private readonly TimeProvider _time;
    private readonly LearningRateSchedule _schedule;
    private readonly double _highestRate;
    private readonly Trainer _trainer;
    private SupervisedState _state = new();
    private WeightSnapshot? _best;
    private int[] _order = [];
    private int _epoch = -1;
    private int _busy;
    private bool _disposed;

    private protected SupervisedTrainer(
        LanguageModel model,
        SupervisedOptions options,
        double defaultRate,
        int items,
        int validationItems,
        ulong seed,
        TimeProvider time)
    {
        Model = model;
        _options = options;
        _items = items;
        _validation = [.. Enumerable.Range(0, validationItems)];
        _seed = seed;
        _time = time;
        Steps = options.Steps(items);
        _highestRate = options.Optimizer.LearningRate ?? defaultRate;
        _schedule = options.Optimizer.CreateSchedule(Steps);
        _trainer = new Trainer(model, options.Optimizer.AdamW, options.Optimizer.Recompute);
    }

    /// <summary>The model in training.</summary>
    public LanguageModel Model { get; }

    /// <summary>Steps of the run.</summary>
    public int Steps { get; }

    /// <summary>Steps committed so far.</summary>
    public int Step => _state.Step;

    /// <summary>The step whose weights have the smallest validation loss; <see langword="null"/>: nothing was measured yet.</summary>
    public int? BestStep => _state.Measured ? _state.BestStep : null;

    /// <summary>The smallest validation loss; infinity: nothing was measured yet.</summary>
    public double BestValidationLoss => _state.BestLoss;

    /// <summary>What telemetry calls the training, one of <see cref="Runs.RunKind"/>.</summary>
    private protected abstract string Stage { get; }

    /// <summary>Tokens of a training item.</summary>
    private protected abstract long Length(int item);

    /// <summary>Sequences of an item, of about the same length.</summary>
    private protected virtual int SequencesOfItem => 1;

    /// <summary>Tokens of a validation item.</summary>
    private protected abstract long ValidationLength(int item);

    /// <summary>What the loss of a step on these items is divided by.</summary>
    private protected abstract double Normalizer(int[] items);

    /// <summary>Adds the gradient of the items' loss.</summary>
    private protected abstract ObjectiveMetrics Accumulate(Trainer trainer, int[] items, double normalizer);

    /// <summary>Writes the curves of a step.</summary>
    private protected abstract void AddTraining(OrderedDictionary<string, double> metrics, ObjectiveMetrics sums);

    /// <summary>Measures validation items and writes their curves; <see cref="ValidationLoss"/> is one.</summary>
    /// <param name="parts">What goes through the model at once; taking the next one sees cancellation.</param>
    /// <param name="metrics">Receives the curves.</param>
    private protected abstract void Measure(IEnumerable<int[]> parts, OrderedDictionary<string, double> metrics);

    /// <summary>Trains to the last step and hands each step out when it is committed. At the end the model has the best weights.</summary>
    /// <param name="progress">Is told what the trainer does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run; the enumeration then throws.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled; an uncommitted step is discarded.</exception>
    /// <exception cref="ProximalException">A number is not finite; the step is discarded.</exception>
    /// <remarks>The first one handed out is step 0, the start model, where there are validation items.</remarks>
    public async IAsyncEnumerable<SupervisedStep> RunAsync(
        IProgress<SupervisedProgress>? progress = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_validation.Length > 0 && !_state.Measured)
        {
            yield return await Task.Run(() => MeasureStart(progress, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        while (!IsDone)
        {
            yield return await Task.Run(() => DoStep(progress, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        TakeBest();
    }

    /// <summary>Gives up the optimizer; the model stays the caller's.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _trainer.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    /// <inheritdoc/>
    public int CommittedSteps => Step;

    /// <inheritdoc/>
    public void Save(CheckpointWriter checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using Turn turn = Enter();
        checkpoint.AddModel(ModelName, Model);
        checkpoint.AddOptimizer(ModelName, _trainer);
        if (_best is not null)
        {
            checkpoint.AddWeights(BestName, Model, _best.Tensors);
        }

        checkpoint.SetState(_state);
    }

    /// <inheritdoc/>
    public void Restore(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using Turn turn = Enter();
        SupervisedState state = checkpoint.GetState<SupervisedState>();
        checkpoint.RestoreModel(ModelName, Model);
        checkpoint.RestoreOptimizer(ModelName, _trainer);
        _best = checkpoint.HasWeights(BestName) ? new WeightSnapshot(Model, checkpoint.ReadWeights(BestName, Model)) : null;
        _state = state;
    }

    /// <summary>No step follows.</summary>
    internal bool IsDone => Step >= Steps || IsOutOfPatience;

    private bool IsOutOfPatience => _options.Patience > 0 && _state.SinceBest >= _options.Patience;

    private SupervisedStep MeasureStart(IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
    {
        using Turn turn = Enter();
        var metrics = new OrderedDictionary<string, double>();
        bool best = MeasureValidation(metrics, new SupervisedWork(0, Steps, progress, cancellationToken));
        return new SupervisedStep { Step = 0, Metrics = metrics, IsBest = best };
    }

    private SupervisedStep DoStep(IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
    {
        using Turn turn = Enter();
        using Activity? activity = Activities.StartStep(Stage, Step + 1);
        var work = new SupervisedWork(Step + 1, Steps, progress, cancellationToken);
        SupervisedState committed = _state;

        // The optimizer step is the last thing that can fail, but where the validation follows it.
        TrainerSnapshot? before = IsMeasured(Step + 1) ? new TrainerSnapshot(_trainer) : null;
        before?.Take();
        try
        {
            return DoStep(work);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            _state = committed;
            before?.Restore();
            throw;
        }
    }

    private SupervisedStep DoStep(SupervisedWork work)
    {
        long start = _time.GetTimestamp();

        // 1. The items of this step: the next ones of the epoch's order.
        int[] items = ItemsOf(Step);

        // 2. Their gradient, micro-batch by micro-batch, and 3. one optimizer step.
        double rate = _highestRate * _schedule.Factor(Step);
        ObjectiveMetrics sums = Accumulate(items, work, out StepResult result, rate);
        _state = _state with { Step = Step + 1 };

        // 4. The curves, and the validation items where they are due.
        double seconds = _time.GetElapsedTime(start).TotalSeconds;
        var metrics = new OrderedDictionary<string, double>();
        AddTraining(metrics, sums);
        metrics["train/gradient_norm"] = result.GradientNorm;
        metrics["train/tokens"] = items.Sum(Length);
        metrics["train/epoch"] = EpochOf(Step);
        metrics["lr"] = rate;
        bool best = IsMeasured(Step) && MeasureValidation(metrics, work);
        metrics["time/train_s"] = seconds;
        metrics["time/total_s"] = _time.GetElapsedTime(start).TotalSeconds;
        metrics["time/train_tokens_per_s"] = items.Sum(Length) / seconds;
        ComputeMetrics.Add(metrics, items.Sum(Flop), seconds, Model.Engine);
        Instruments.PhaseEnded(Stage, TelemetryPhase.Training, seconds);
        Instruments.Stepped(Stage, metrics["time/total_s"]);
        return new SupervisedStep { Step = Step, Metrics = metrics, IsBest = best };
    }

    private ObjectiveMetrics Accumulate(int[] items, SupervisedWork work, out StepResult result, double rate)
    {
        using Activity? activity = Activities.StartPhase(TelemetryPhase.Training);
        work.Enter(SupervisedPhase.Training, items.Length);
        double normalizer = Normalizer(items);
        ObjectiveMetrics sums = ObjectiveMetrics.Zero;
        try
        {
            foreach (int[] part in SequencePacking.Cut(items, Length, _options.MicroBatchTokens))
            {
                work.Check();
                sums += Accumulate(_trainer, part, normalizer);
                work.Advance(part.Length);
            }

            work.Check();
            result = _trainer.Step(rate);
            return sums;
        }
        catch
        {
            _trainer.ZeroGradients();
            throw;
        }
    }

    // Forward and backward, each token of a language model through the head.
    private double Flop(int item)
    {
        long length = Length(item) / SequencesOfItem;
        return ModelFlops.Training * SequencesOfItem * ModelFlops.Forward(Model.Info, 0, length, length);
    }

    private int[] ItemsOf(int step)
    {
        int perEpoch = _options.StepsPerEpoch(_items);
        int epoch = step / perEpoch;
        if (epoch != _epoch)
        {
            _order = new RandomStream(_seed, OrderStream + (ulong)epoch).Permutation(_items);
            _epoch = epoch;
        }

        int begin = step % perEpoch * _options.BatchSize;
        return _order[begin..(int)Math.Min((long)begin + _options.BatchSize, _items)];
    }

    /// <summary>Epochs done after so many steps.</summary>
    private double EpochOf(int steps)
    {
        (int epoch, int rest) = Math.DivRem(steps, _options.StepsPerEpoch(_items));
        return epoch + Math.Min(1, rest * (double)_options.BatchSize / _items);
    }

    private bool IsMeasured(int step)
    {
        int every = _options.ValidateEvery > 0 ? _options.ValidateEvery : _options.StepsPerEpoch(_items);
        return _validation.Length > 0 && (step % every == 0 || step == Steps);
    }

    private bool MeasureValidation(OrderedDictionary<string, double> metrics, SupervisedWork work)
    {
        using Activity? activity = Activities.StartPhase(TelemetryPhase.Validation, Step);
        work.Enter(SupervisedPhase.Validation, _validation.Length);
        long start = _time.GetTimestamp();
        Measure(Parts(), metrics);
        metrics["time/validation_s"] = _time.GetElapsedTime(start).TotalSeconds;
        Instruments.PhaseEnded(Stage, TelemetryPhase.Validation, metrics["time/validation_s"]);
        return Judge(metrics[ValidationLoss]);

        IEnumerable<int[]> Parts()
        {
            foreach (int[] part in SequencePacking.Cut(_validation, ValidationLength, _options.MicroBatchTokens))
            {
                work.Check();
                yield return part;
                work.Advance(part.Length);
            }
        }
    }

    private bool Judge(double loss)
    {
        bool best = loss < _state.BestLoss;
        _state = best
            ? _state with { Measured = true, BestStep = Step, BestLoss = loss, SinceBest = 0 }
            : _state with { Measured = true, SinceBest = _state.SinceBest + 1 };
        if (best && _options.KeepBest)
        {
            _best = new WeightSnapshot(Model);
        }

        return best;
    }

    private void TakeBest()
    {
        if (_options.KeepBest)
        {
            _best?.Restore();
        }
    }

    private Turn Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0
            ? new Turn(this)
            : throw new InvalidOperationException("A step of this trainer is under way: a trainer has one caller at a time.");
    }

    /// <summary>The right to do a step until disposed.</summary>
    private readonly struct Turn(SupervisedTrainer trainer) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref trainer._busy, 0);
    }
}
