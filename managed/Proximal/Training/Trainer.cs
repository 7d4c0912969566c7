using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>Trains a model's trunk and head: accumulate micro-batches, then step.</summary>
/// <remarks>One caller at a time: a second one gets an <see cref="InvalidOperationException"/>. One trainer per weights.</remarks>
public sealed unsafe class Trainer : IDisposable
{
    private readonly TrainerHandle _handle = new();
    private int _busy;

    /// <summary>Makes a trainer with zeroed gradients and moments.</summary>
    /// <param name="model">The model to train.</param>
    /// <param name="options">The optimizer; <see langword="null"/>: all defaults.</param>
    /// <param name="recompute">What a pass computes again instead of keeping it.</param>
    /// <exception cref="ProximalException">The weights have a trainer already.</exception>
    public Trainer(LanguageModel model, AdamWOptions? options = null, Recompute recompute = Recompute.None)
    {
        ArgumentNullException.ThrowIfNull(model);
        Require.Defined(recompute);
        Model = model;
        NativeStatus.Check(_handle.Create(model.Handle, (options ?? new AdamWOptions()).ToNative(recompute)));
    }

    /// <summary>The model that is trained.</summary>
    public LanguageModel Model { get; }

    /// <summary>Forward and backward over one micro-batch; adds to the gradient.</summary>
    /// <param name="batch">The sequences, with the objective's weights.</param>
    /// <param name="objective">What to minimise.</param>
    /// <exception cref="ArgumentException">Batch, objective and model do not fit each other.</exception>
    /// <exception cref="ProximalException">
    /// A number is not finite. One of the arrays: the gradient is as it was. The loss: the gradient holds a part, and until
    /// <see cref="ZeroGradients"/> all that would read it throws.
    /// </exception>
    public ObjectiveMetrics Accumulate(PackedBatch batch, Objective objective)
    {
        ArgumentNullException.ThrowIfNull(objective);
        Model.Validate(batch);
        px_objective native = objective.ToNative(batch, Model.Info.Head);
        ObjectiveArrays arrays = objective.Arrays();
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        using var pinned = new PinnedBatch(batch);
        fixed (float* oldLogProbs = arrays.OldLogProbs,
               referenceLogProbs = arrays.ReferenceLogProbs,
               advantages = arrays.Advantages,
               oldValues = arrays.OldValues,
               returns = arrays.Returns,
               margins = arrays.Margins,
               upstreamLogProbs = arrays.UpstreamLogProbs,
               upstreamEntropies = arrays.UpstreamEntropies,
               upstreamValues = arrays.UpstreamValues,
               upstreamScores = arrays.UpstreamScores,
               logProbs = objective.LogProbsOutput.Span,
               entropies = objective.EntropiesOutput.Span,
               values = objective.ValuesOutput.Span,
               scores = objective.ScoresOutput.Span)
        {
            native.old_logprob = oldLogProbs;
            native.ref_logprob = referenceLogProbs;
            native.advantage = advantages;
            native.old_value = oldValues;
            native.returns = returns;
            native.margin = margins;
            native.upstream_logprob = upstreamLogProbs;
            native.upstream_entropy = upstreamEntropies;
            native.upstream_value = upstreamValues;
            native.upstream_score = upstreamScores;
            native.logprob = logProbs;
            native.entropy = entropies;
            native.value = values;
            native.score = scores;
            px_batch sequences = pinned.Native;
            var metrics = new px_objective_metrics { struct_size = (uint)sizeof(px_objective_metrics) };
            NativeStatus.Check(NativeMethods.px_trainer_accumulate(trainer.Pointer, &sequences, &native, &metrics));
            Instruments.Trained(batch.Count);
            return ObjectiveMetrics.FromNative(metrics);
        }
    }

    /// <summary>Clips by global norm, updates the weights with AdamW and zeroes the gradient.</summary>
    /// <param name="learningRate">At least 0, finite.</param>
    /// <exception cref="ProximalException">
    /// A gradient is not finite, or a generator has unfinished sequences on the weights; no weight has changed.
    /// </exception>
    public StepResult Step(double learningRate)
    {
        Require.NotNegative(learningRate);
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        var arguments = new px_step_args { struct_size = (uint)sizeof(px_step_args), learning_rate = learningRate };
        var result = new px_step_result { struct_size = (uint)sizeof(px_step_result) };
        NativeStatus.Check(NativeMethods.px_trainer_step(trainer.Pointer, &arguments, &result));
        Instruments.OptimizerStepped();
        return new StepResult(result.gradient_norm, result.clip_coefficient, result.step, result.version);
    }

    /// <summary>Forgets what was accumulated since the last step.</summary>
    public void ZeroGradients()
    {
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        NativeStatus.Check(NativeMethods.px_trainer_zero_gradients(trainer.Pointer));
    }

    /// <summary>Sum of squares of the accumulated gradient.</summary>
    /// <exception cref="ProximalException">A gradient is not finite; the text names the tensor.</exception>
    public double GradientSquaredNorm()
    {
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        double squaredNorm;
        NativeStatus.Check(NativeMethods.px_trainer_gradient_squared_norm(trainer.Pointer, &squaredNorm));
        return squaredNorm;
    }

    /// <summary>Copies the accumulated gradient of a tensor out, row-major.</summary>
    /// <param name="tensor">The tensor's name as transformers writes it.</param>
    public float[] ReadGradient(string tensor)
    {
        TensorInfo info = Model.Tensor(tensor);
        float[] gradient = new float[info.Elements];
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        fixed (float* target = gradient)
        {
            NativeStatus.Check(
                NativeMethods.px_trainer_read_gradient(trainer.Pointer, info.Index, target, gradient.Length));
        }

        return gradient;
    }

    /// <summary>Optimizer steps done: the bias corrections of the next step follow from them.</summary>
    public long Steps
    {
        get
        {
            using Turn turn = Enter();
            using HandleLease<px_trainer> trainer = _handle.Acquire();
            long steps;
            NativeStatus.Check(NativeMethods.px_trainer_get_steps(trainer.Pointer, &steps));
            return steps;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            using Turn turn = Enter();
            using HandleLease<px_trainer> trainer = _handle.Acquire();
            NativeStatus.Check(NativeMethods.px_trainer_set_steps(trainer.Pointer, value));
        }
    }

    /// <summary>
    /// Copies AdamW's moments of a tensor out. With the moments of all tensors, <see cref="Steps"/> and the weights a
    /// trainer goes on bit for bit.
    /// </summary>
    /// <param name="index">The tensor's place in <see cref="LanguageModel.Tensors"/>.</param>
    /// <param name="first">[elements] exp_avg, the running mean of the gradient; out.</param>
    /// <param name="second">[elements] exp_avg_sq, the running mean of its square; out.</param>
    public void ReadMoments(int index, Span<float> first, Span<float> second)
    {
        CheckMoments(index, first.Length, second.Length);
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        fixed (float* firstTarget = first, secondTarget = second)
        {
            NativeStatus.Check(NativeMethods.px_trainer_read_moments(
                trainer.Pointer, index, firstTarget, secondTarget, first.Length));
        }
    }

    /// <summary>Replaces AdamW's moments of a tensor; weights and gradient stay as they are.</summary>
    /// <param name="index">The tensor's place in <see cref="LanguageModel.Tensors"/>.</param>
    /// <param name="first">[elements] exp_avg, finite.</param>
    /// <param name="second">[elements] exp_avg_sq, finite, at least 0.</param>
    /// <exception cref="ProximalException">A number is not finite; nothing has changed.</exception>
    public void WriteMoments(int index, ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        CheckMoments(index, first.Length, second.Length);
        using Turn turn = Enter();
        using HandleLease<px_trainer> trainer = _handle.Acquire();
        fixed (float* firstSource = first, secondSource = second)
        {
            NativeStatus.Check(NativeMethods.px_trainer_write_moments(
                trainer.Pointer, index, firstSource, secondSource, first.Length));
        }
    }

    /// <summary>Gives the trainer, its gradients and its moments up.</summary>
    public void Dispose() => _handle.Dispose();

    private void CheckMoments(int index, int first, int second)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Model.Tensors.Count);
        Arrays.Length(first, Model.Tensors[index].Elements, nameof(first));
        Arrays.Length(second, Model.Tensors[index].Elements, nameof(second));
    }

    private Turn Enter()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0
            ? new Turn(this)
            : throw new InvalidOperationException("Another thread is using this trainer: a trainer has one caller at a time.");
    }

    /// <summary>The right to use the trainer until disposed.</summary>
    private readonly ref struct Turn(Trainer trainer)
    {
        public void Dispose() => Volatile.Write(ref trainer._busy, 0);
    }
}
