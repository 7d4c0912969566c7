using System.Diagnostics;
using System.Runtime.CompilerServices;
using Proximal.Data;
using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Kernels;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;

namespace Proximal.Training.Ppo;

/// <summary>
/// Proximal policy optimization of a language model with a separate critic and a frozen reference, in seven steps:
/// sample prompts, generate, score, shape rewards, estimate advantages, update, check and commit.
/// </summary>
/// <remarks>
/// Schulman et al. 2017 (arXiv 1707.06347), Ziegler et al. 2019 (arXiv 1909.08593), Ouyang et al. 2022 (arXiv 2203.02155).
/// One caller at a time: a second one gets an <see cref="InvalidOperationException"/>. Cancellation is seen within one
/// micro-batch and always throws; everything is then as after the last committed step, as it is
/// after any failure, and the step can be done again.
/// Deterministic: the same seed, threads and machine give the same run, bit for bit.
/// </remarks>
public sealed class PpoTrainer : ICheckpointed, IDisposable
{
    private const ulong MinibatchStream = 2UL << 48;

    /// <summary>The models' names in a checkpoint.</summary>
    private const string ActorName = "actor";
    private const string CriticName = "critic";
    private const string AverageName = "ema";

    private readonly PpoSetup _setup;
    private readonly PpoOptions _options;
    private readonly LanguageModel _actor;
    private readonly LanguageModel _reference;
    private readonly LanguageModel _critic;
    private readonly List<IDisposable> _owned = [];
    private readonly Generator _generator;
    private readonly Trainer _actorTrainer;
    private readonly Trainer _criticTrainer;
    private readonly PpoSchedules _schedules;
    private readonly ResponseScorer _scorer;
    private readonly PromptSampler _prompts;
    private readonly KlController _klController;
    private readonly PtxMix? _ptx;
    private readonly WeightAverage? _average;
    private readonly TrainerSnapshot _snapshot;
    private PpoTrainerState _state = new();
    private bool _disposed;
    private int _busy;

    /// <summary>Makes a trainer at step 0.</summary>
    /// <param name="setup">What it works with.</param>
    /// <exception cref="ArgumentException">An option, a model or a prompt does not fit; the text names it.</exception>
    public PpoTrainer(PpoSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        PpoSetupChecks.Check(setup);
        _setup = setup;
        _options = setup.Options;
        _actor = setup.Actor;
        _prompts = new PromptSampler(setup.Prompts, setup.Seed);
        _scorer = new ResponseScorer(setup.Reward, setup.Tokenizer);
        _schedules = new PpoSchedules(_options, _actor.Info.ParameterCount);
        _klController = _options.Kl.CreateController();
        StopTokenIds = PpoSetupChecks.StopTokens(setup);
        _ptx = setup.Ptx is { } ptx ? new PtxMix(ptx, setup.Seed, _options.MicroBatchTokens) : null;
        _average = _options.Ema is { } ema ? new WeightAverage(_actor, ema.Decay) : null;
        try
        {
            _reference = setup.Reference ?? Own(_actor.CloneWeights());
            _critic = setup.Critic ?? Own(_actor.CloneWeights(ModelHead.Scalar, HeadInitialization.Zero));
            _generator = Own(new Generator(
                _actor,
                new GeneratorOptions
                {
                    Seed = setup.Seed,
                    MaxBatch = _options.GenerationBatch,
                    CacheBytes = _options.GenerationCacheBytes,
                }));
            _actorTrainer = Own(new Trainer(_actor, _options.Actor.AdamW, _options.Actor.Recompute));
            _criticTrainer = Own(new Trainer(_critic, _options.Critic.AdamW, _options.Critic.Recompute));
            _snapshot = new TrainerSnapshot(_actorTrainer, _criticTrainer);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The policy in training.</summary>
    public LanguageModel Actor => _actor;

    /// <summary>The frozen reference.</summary>
    public LanguageModel Reference => _reference;

    /// <summary>The critic.</summary>
    public LanguageModel Critic => _critic;

    /// <summary>Steps committed so far.</summary>
    public int Step => _state.Step;

    /// <summary>Beta, the KL coefficient of the next step.</summary>
    public double KlCoefficient => _klController.Coefficient;

    /// <summary>Tokens that end a response.</summary>
    public IReadOnlyList<int> StopTokenIds { get; }

    /// <summary>A model with the averaged weights of the actor; the caller disposes it.</summary>
    /// <exception cref="InvalidOperationException">The options keep no average.</exception>
    public LanguageModel CreateAverage() => _average?.ToModel()
        ?? throw new InvalidOperationException("There is no average of the actor: set Ema in the options.");

    /// <summary>Trains to the last step and hands each step out when it is committed.</summary>
    /// <param name="progress">Is told what the trainer does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run; the enumeration then throws.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled; the uncommitted step is discarded.</exception>
    /// <exception cref="RewardException">The reward failed; the step is discarded.</exception>
    /// <exception cref="ProximalException">A number is not finite; the step is discarded.</exception>
    public async IAsyncEnumerable<PpoStep> RunAsync(
        IProgress<PpoProgress>? progress = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (Step < _options.Steps)
        {
            yield return await Task.Run(
                () => StepAsync(given: null, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Does one step on responses from elsewhere, which have scores; arrays that they have already are kept.</summary>
    /// <param name="rollout">Sequences, masks and scores; log-probs and values are computed where they are missing.</param>
    /// <param name="cancellationToken">Ends the step, which is then discarded.</param>
    /// <exception cref="ArgumentException">The rollout does not fit; the text says where.</exception>
    public Task<PpoStep> LearnAsync(Rollout rollout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        PpoSetupChecks.CheckGiven(rollout, _options);
        return Task.Run(() => StepAsync(rollout, progress: null, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public int CommittedSteps => Step;

    /// <inheritdoc/>
    public void Save(CheckpointWriter checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using Turn turn = Enter();
        checkpoint.AddModel(ActorName, _actor);
        checkpoint.AddModel(CriticName, _critic);
        checkpoint.AddOptimizer(ActorName, _actorTrainer);
        checkpoint.AddOptimizer(CriticName, _criticTrainer);
        if (_average is not null)
        {
            checkpoint.AddWeights(AverageName, _actor, _average.Tensors);
        }

        checkpoint.SetState(new PpoCheckpoint(_state, KlCoefficient));
    }

    /// <inheritdoc/>
    /// <remarks>The reference stays: it is the one that the trainer was made with.</remarks>
    public void Restore(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using Turn turn = Enter();
        PpoCheckpoint saved = checkpoint.GetState<PpoCheckpoint>();
        checkpoint.RestoreModel(ActorName, _actor);
        checkpoint.RestoreModel(CriticName, _critic);
        checkpoint.RestoreOptimizer(ActorName, _actorTrainer);
        checkpoint.RestoreOptimizer(CriticName, _criticTrainer);
        _average?.Restore(checkpoint.ReadWeights(AverageName, _actor));
        _klController.Restore(saved.KlCoefficient);
        _state = saved.State;
    }

    /// <summary>Gives up the trainers, the generator and the models that were not given.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _owned.Reverse();
            _owned.ForEach(owned => owned.Dispose());
        }
    }

    private async Task<PpoStep> StepAsync(
        Rollout? given, IProgress<PpoProgress>? progress, CancellationToken cancellationToken)
    {
        using Turn turn = Enter();
        using Activity? activity = Activities.StartStep(RunKind.Ppo, Step + 1);
        using var rewards = new StepRewards(_scorer, _options.ScoringBatchOrDefault, cancellationToken);
        var work = new PpoWork(Step + 1, _options.Steps, _setup.TimeProvider, progress, rewards.StepToken);
        PpoTrainerState committed = _state;
        bool updates = false;
        try
        {
            // 1. Sample prompts. 2. Generate a response to each; the reward scores the first while the next are generated.
            Rollout rollout = given ?? Generate(SamplePrompts(), rewards, work);

            // 3. Score: values, log-probs of actor and reference; then the rewards, which came meanwhile or are waited for.
            IReadOnlyList<Minibatch> minibatches = DrawMinibatches(rollout);
            rollout = Score(given is null ? Sampled(rollout) : rollout, minibatches, work);
            rollout = await RewardAsync(rollout, rewards, work).ConfigureAwait(false);

            // 4. Shape rewards: penalties, clip, KL.
            rollout = ShapeRewards(rollout);

            // 5. Advantages by GAE, whitened.
            rollout = EstimateAdvantages(rollout);

            // 6. Update actor and critic over epochs and minibatches.
            _snapshot.Take();
            updates = true;
            PpoUpdate update = Update(rollout, minibatches, work);

            // 7. Check invariants, log, commit.
            return Commit(rollout, update, work);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            Discard(committed, updates);
            await rewards.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    // 1. Sample prompts: each several times in a row where the options say so.
    private List<Prompt> SamplePrompts()
    {
        _prompts.Cursor = _state.PromptCursor;
        var prompts = new List<Prompt>(_options.SequencesPerStep);
        foreach (Prompt prompt in _prompts.Next(_options.PromptsPerStep))
        {
            prompts.AddRange(Enumerable.Repeat(prompt, _options.SamplesPerPrompt));
        }

        _state = _state with { PromptCursor = _prompts.Cursor };
        return prompts;
    }

    // 2. Generate. A sample's id is its number within the run, so what is drawn depends on nothing else.
    private Rollout Generate(List<Prompt> prompts, StepRewards rewards, PpoWork work)
    {
        using var timing = work.Enter(PpoPhase.Rollout, prompts.Count);
        ulong first = _state.NextSampleId;
        IReadOnlyList<Generation> generations = _generator.Generate(
            [
                .. prompts.Select((prompt, i) => new GenerationRequest
                {
                    SampleId = first + (ulong)i,
                    Prompt = prompt.Tokens,
                    MaxNewTokens = _options.MaxNewTokens,
                    Sampling = _options.Sampling,
                    StopTokens = StopTokenIds,
                }),
            ],
            work.ReportGeneration(),
            responses => rewards.Start(prompts, responses),
            work.CancellationToken);
        _state = _state with { NextSampleId = first + (ulong)prompts.Count };
        Rollout rollout = Rollout.Pack(prompts, generations);
        work.Compute(PpoFlops.Rollout(rollout, _actor.Info, _options.SamplesPerPrompt));
        return rollout;
    }

    // The shuffled sequences of every optimizer step of this PPO step, drawn before scoring: see Score.
    private List<Minibatch> DrawMinibatches(Rollout rollout)
    {
        var random = new RandomStream(_setup.Seed, MinibatchStream + (ulong)Step);
        var minibatches = new List<Minibatch>(_options.Epochs * _options.Minibatches);
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            int[] order = random.Permutation(rollout.Sequences);
            for (int index = 0; index < _options.Minibatches; index++)
            {
                int begin = (int)((long)order.Length * index / _options.Minibatches);
                int end = (int)((long)order.Length * (index + 1) / _options.Minibatches);
                minibatches.Add(MinibatchPlan.Plan(rollout, epoch, index, order[begin..end], _options));
            }
        }

        return minibatches;
    }

    // 3. What sampling recorded is what scoring would give, where the backend says so: the first ratio is exactly 1.
    private Rollout Sampled(Rollout rollout) => _options.RecomputeLogProbs || !_actor.Engine.SamplesWhatItScores
        ? rollout
        : rollout with { LogProbs = rollout.SamplingLogProbs, Entropies = rollout.SamplingEntropies };

    // 3. Score with actor, reference and critic. The sequences go through the models in the micro-batches of the first
    // epoch: two independent passes over the same rows give the same bits with any backend, and a first ratio of exactly 1.
    private Rollout Score(Rollout rollout, IReadOnlyList<Minibatch> minibatches, PpoWork work)
    {
        bool actorIsScored = rollout.LogProbs.Length == 0 || rollout.Entropies.Length == 0;
        using var timing = work.Enter(PpoPhase.Scoring, (actorIsScored ? 3L : 2L) * rollout.Sequences);
        MicroBatch[] passes =
            [.. minibatches.Where(minibatch => minibatch.Epoch == 0).SelectMany(minibatch => minibatch.MicroBatches)];
        float[] logProbs = new float[rollout.Count];
        float[] entropies = new float[rollout.Count];
        float[] reference = new float[rollout.Count];
        float[] values = new float[rollout.Count];
        foreach (MicroBatch pass in passes)
        {
            if (actorIsScored)
            {
                ModelScores actor = Score(_actor, pass, ScoreOutputs.LogProbs | ScoreOutputs.Entropies, work);
                pass.Scatter(actor.LogProbs, logProbs);
                pass.Scatter(actor.Entropies, entropies);
            }

            pass.Scatter(Score(_reference, pass, ScoreOutputs.LogProbs, work).LogProbs, reference);
            pass.Scatter(Score(_critic, pass, ScoreOutputs.Values, work).Values, values);
        }

        work.Compute(
            (actorIsScored ? PpoFlops.Pass(rollout, _actor.Info) : 0)
            + PpoFlops.Pass(rollout, _reference.Info)
            + PpoFlops.Pass(rollout, _critic.Info));
        return rollout with
        {
            LogProbs = Given(rollout.LogProbs) ?? logProbs,
            Entropies = Given(rollout.Entropies) ?? entropies,
            ReferenceLogProbs = Given(rollout.ReferenceLogProbs) ?? reference,
            Values = Given(rollout.Values) ?? values,
        };
    }

    private ModelScores Score(LanguageModel model, MicroBatch pass, ScoreOutputs outputs, PpoWork work)
    {
        work.CancellationToken.ThrowIfCancellationRequested();
        ModelScores scores = model.Score(pass.Batch, outputs, _options.Sampling.Temperature);
        work.Advance(pass.Sequences.Count);
        return scores;
    }

    // 3. The reward's scores. Its time counts as far as the step has to wait for it.
    private static async Task<Rollout> RewardAsync(Rollout rollout, StepRewards rewards, PpoWork work)
    {
        using PpoWork.Timing timing = work.GoOn();
        return await rewards.AddToAsync(rollout).ConfigureAwait(false);
    }

    // 4. Shape rewards: r_t = -beta KL_t + w_t, and the clipped score on the last token. A response that the length limit
    // cut has its penalty taken off before the clip.
    private Rollout ShapeRewards(Rollout rollout)
    {
        float[] scores = [.. rollout.Scores.Zip(rollout.FinishReasons, Penalize)];
        byte[] mask = rollout.Mask();
        float[] rewards = new float[rollout.Count];
        RewardShaping.Compute(
            _actor.Engine,
            new RewardShapingInputs
            {
                Offsets = rollout.Offsets,
                Mask = mask,
                LogProbs = rollout.LogProbs,
                ReferenceLogProbs = rollout.ReferenceLogProbs,
                Scores = scores,
                TokenRewards = rollout.TokenScores,
            },
            _options.Kl.Estimator,
            KlCoefficient,
            _options.RewardClip,
            rewards);
        _state = _state with { ScoreMoments = _state.ScoreMoments.Merge(Whitening.Moments(_actor.Engine, Clip(scores))) };
        return rollout with
        {
            PenalizedScores = scores,
            Rewards = rewards,
            Kl = new KlEstimates(Estimate(KlEstimator.K1), Estimate(KlEstimator.K2), Estimate(KlEstimator.K3)),
        };

        float[] Estimate(KlEstimator estimator)
        {
            float[] kl = new float[rollout.Count];
            Kl.Estimate(_actor.Engine, rollout.LogProbs, rollout.ReferenceLogProbs, estimator, kl);
            return kl;
        }
    }

    private float Penalize(float score, FinishReason reason) =>
        reason == FinishReason.Length ? (float)(score - _options.MissingEndPenalty) : score;

    // 5. GAE over each response: delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}; then mean 0
    // and standard deviation 1 over all response tokens of the rollout.
    private Rollout EstimateAdvantages(Rollout rollout)
    {
        byte[] mask = rollout.Mask();
        float[] advantages = new float[rollout.Count];
        float[] returns = new float[rollout.Count];
        Gae.Compute(
            _actor.Engine,
            rollout.Offsets,
            rollout.Rewards,
            rollout.Values,
            mask,
            _options.Gamma,
            _options.Lambda,
            advantages,
            returns,
            oneStepReturns: _options.ReturnTarget == ReturnTarget.OneStep);
        float[] policyAdvantages = advantages;
        if (_options.WhitenAdvantages)
        {
            policyAdvantages = new float[rollout.Count];
            Moments moments = Whitening.Moments(_actor.Engine, advantages, mask);
            Whitening.Apply(_actor.Engine, advantages, mask, moments, policyAdvantages);
        }

        return rollout with { Advantages = advantages, PolicyAdvantages = policyAdvantages, Returns = returns };
    }

    // 6. Update: several passes over the rollout, one optimizer step of each model a minibatch.
    private PpoUpdate Update(Rollout rollout, IReadOnlyList<Minibatch> minibatches, PpoWork work)
    {
        using var timing = work.Enter(PpoPhase.Update, (long)rollout.Sequences * _options.Epochs);
        var update = new PpoUpdate(rollout, ValueClipRange());
        foreach (Minibatch minibatch in minibatches)
        {
            Accumulate(update, minibatch, work, out ObjectiveMetrics policy, out ObjectiveMetrics value);
            double ptx = AccumulatePtx(work);
            work.CancellationToken.ThrowIfCancellationRequested();
            update.Add(StepModels(minibatch, policy, value) with { PtxLoss = ptx });
        }

        // An epoch goes over all sequences once.
        double pass = PpoFlops.Pass(rollout, _critic.Info) + (TrainsActor ? PpoFlops.Pass(rollout, _actor.Info) : 0);
        work.Compute(ModelFlops.Training * _options.Epochs * pass);
        return update;
    }

    private void Accumulate(
        PpoUpdate update, Minibatch minibatch, PpoWork work, out ObjectiveMetrics policy, out ObjectiveMetrics value)
    {
        policy = ObjectiveMetrics.Zero;
        value = ObjectiveMetrics.Zero;
        foreach (MicroBatch pass in minibatch.MicroBatches)
        {
            work.CancellationToken.ThrowIfCancellationRequested();
            if (TrainsActor)
            {
                float[] logProbs = new float[pass.Batch.Count];
                policy += _actorTrainer.Accumulate(pass.Batch, PolicyLoss(update.Rollout, minibatch, pass, logProbs));
                update.Observe(minibatch, pass, logProbs);
            }

            value += _criticTrainer.Accumulate(pass.Batch, ValueLoss(update, minibatch, pass));
            work.Advance(pass.Sequences.Count);
        }
    }

    // PPO-ptx: coefficient times the mean cross-entropy of supervised examples, in the same optimizer step.
    private double AccumulatePtx(PpoWork work) => _ptx is not null && TrainsActor
        ? _ptx.Accumulate(_actorTrainer, _state.ActorSteps, work.CancellationToken)
        : double.NaN;

    // L = max(-A rho, -A clip(rho, 1 - eps_low, 1 + eps_high)) with rho = exp(lp' - lp); for A < 0 at most -A c.
    private PolicyObjective PolicyLoss(Rollout rollout, Minibatch minibatch, MicroBatch pass, float[] logProbs) => new()
    {
        Normalizer = minibatch.Normalizer,
        Temperature = _options.Sampling.Temperature,
        OldLogProbs = pass.Gather(rollout.LogProbs),
        ReferenceLogProbs = pass.Gather(rollout.ReferenceLogProbs),
        Advantages = pass.Gather(rollout.PolicyAdvantages),
        ClipLow = _options.ClipLow,
        ClipHigh = _options.ClipHigh,
        DualClip = _options.DualClip,
        KlCoefficient = _options.Kl.LossCoefficient,
        KlEstimator = _options.Kl.LossEstimator,
        EntropyCoefficient = _options.EntropyCoefficient,
        LogProbsOutput = logProbs,
    };

    // L = 1/2 max((V' - R)^2, (V + clip(V' - V, +-eps) - R)^2)
    private static ValueObjective ValueLoss(PpoUpdate update, Minibatch minibatch, MicroBatch pass) => new()
    {
        Normalizer = minibatch.Normalizer,
        OldValues = pass.Gather(update.Rollout.Values),
        Returns = pass.Gather(update.Rollout.Returns),
        Clip = update.ValueClipRange,
    };

    // Both gradients are complete before either model changes; a gradient that is not finite stops here.
    private PpoMinibatch StepModels(Minibatch minibatch, ObjectiveMetrics policy, ObjectiveMetrics value)
    {
        _criticTrainer.GradientSquaredNorm();
        double actorRate = TrainsActor ? _schedules.Actor(_state.ActorSteps) : 0;
        double criticRate = _schedules.Critic(_state.CriticSteps);
        StepResult? actorStep = TrainsActor ? _actorTrainer.Step(actorRate) : null;
        StepResult criticStep = _criticTrainer.Step(criticRate);
        _state = _state with
        {
            ActorSteps = _state.ActorSteps + (TrainsActor ? 1 : 0),
            CriticSteps = _state.CriticSteps + 1,
        };
        return new PpoMinibatch
        {
            Epoch = minibatch.Epoch,
            Index = minibatch.Index,
            Normalizer = minibatch.Normalizer,
            Policy = policy,
            Value = value,
            ActorStep = actorStep,
            CriticStep = criticStep,
            ActorLearningRate = actorRate,
            CriticLearningRate = criticRate,
        };
    }

    // 7. Check the invariants, log, commit.
    private PpoStep Commit(Rollout rollout, PpoUpdate update, PpoWork work)
    {
        var invariants = new PpoInvariants();
        invariants.Check(rollout, update, _options);
        OrderedDictionary<string, double> metrics =
            PpoMetrics.Of(
                rollout, update, invariants, _options, KlCoefficient, _state.NextSampleId, work);
        ComputeMetrics.Add(metrics, work.Flop, metrics["time/total_s"], _actor.Engine);
        if (_ptx is not null)
        {
            metrics["ptx/loss"] = update.Minibatches.Average(minibatch => minibatch.PtxLoss);
        }

        work.Measure();

        // Nothing below can fail: a step is committed whole or not at all.
        _klController.Update(metrics[PpoMetrics.SequenceKl], rollout.Sequences);
        if (TrainsActor)
        {
            _average?.Update();
        }

        _state = _state with { Step = Step + 1 };
        return new PpoStep
        {
            Step = Step,
            Rollout = rollout,
            Minibatches = update.Minibatches,
            Metrics = metrics,
            Warnings = invariants.Warnings,
        };
    }

    // Puts everything back as it was before the step: the same step can be done again.
    private void Discard(PpoTrainerState committed, bool updates)
    {
        _state = committed;
        if (updates)
        {
            _snapshot.Restore();
        }
    }

    private static float[]? Given(float[] values) => values.Length > 0 ? values : null;

    private bool TrainsActor => Step >= _options.CriticWarmupSteps;

    private double ValueClipRange()
    {
        double unit = 1;
        if (_options.ValueClipUnit == ValueClipUnit.ScoreDeviation && _state.ScoreMoments.Count > 1)
        {
            double deviation = _state.ScoreMoments.StandardDeviation;
            unit = deviation > 0 ? deviation : 1;
        }

        return _options.ValueClip * unit;
    }

    private float[] Clip(float[] scores)
    {
        float limit = (float)_options.RewardClip;
        return Array.ConvertAll(scores, score => Math.Clamp(score, -limit, limit));
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private Turn Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0
            ? new Turn(this)
            : throw new InvalidOperationException("A step of this trainer is under way: a trainer has one caller at a time.");
    }

    /// <summary>The right to do a step until disposed.</summary>
    private sealed class Turn(PpoTrainer trainer) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref trainer._busy, 0);
    }
}
