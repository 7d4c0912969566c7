using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tokenization;
using Proximal.Training.Ppo;

namespace Proximal.Evaluation;

/// <summary>Compares a model with a baseline: both answer the same prompts, with the same random numbers, before the same rewards.</summary>
/// <remarks>Both models have one tokenizer. The models, rewards and tokenizer stay the caller's. One evaluation at a time.</remarks>
public sealed class Evaluator
{
    /// <summary>Sensitive prompts draw other random numbers than the others.</summary>
    private const ulong ToxicitySeed = 0x746F786963697479;

    private readonly LanguageModel _baseline;
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly EvaluationOptions _options;
    private readonly IReadOnlyList<int> _stops;

    /// <summary>Makes an evaluator.</summary>
    /// <param name="baseline">What the model is measured against, such as the SFT model.</param>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The tokenizer of both.</param>
    /// <param name="options">How; <see langword="null"/>: all defaults.</param>
    /// <exception cref="ArgumentException">The models do not fit each other, or an option cannot be used.</exception>
    public Evaluator(LanguageModel baseline, LanguageModel model, Tokenizer tokenizer, EvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _options = options ?? new EvaluationOptions();
        _options.Validate();
        if (baseline.Info.VocabularySize != model.Info.VocabularySize)
        {
            throw new ArgumentException(
                $"The baseline has a vocabulary of {baseline.Info.VocabularySize} tokens and the model one of {model.Info.VocabularySize}: "
                + "a comparison needs two models with the same tokenizer.",
                nameof(model));
        }

        _baseline = baseline;
        _model = model;
        _tokenizer = tokenizer;
        _stops = _options.StopTokenIds ?? (tokenizer.EosTokenId is { } end ? [end] : []);
    }

    /// <summary>Writes prompts that are conversations; <see langword="null"/>: there is no chat template, and such prompts are refused.</summary>
    public ChatEncoder? Chat { get; init; }

    /// <summary>Scores every response; <see langword="null"/>: there is no reward, so no win rate either.</summary>
    public IReward? Reward { get; init; }

    /// <summary>A second opinion that nobody was trained by.</summary>
    public IReward? Judge { get; init; }

    /// <summary>Further models, by name, that the distance of both models is measured to. They have the same tokenizer.</summary>
    public IReadOnlyDictionary<string, LanguageModel> References { get; init; } = new Dictionary<string, LanguageModel>();

    /// <summary>Compares the models.</summary>
    /// <param name="prompts">The prompts with their texts or conversations; at least one.</param>
    /// <param name="progress">Is told how far it is; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DataFileException">A prompt leaves no room for a response.</exception>
    /// <exception cref="RewardException">A reward failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<EvaluationResult> EvaluateAsync(
        IReadOnlyList<Prompt> prompts, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new ArgumentException("Expected at least one prompt.", nameof(prompts));
        }

        CheckReferences();
        IReadOnlyList<Prompt> encoded = Encode(prompts);
        IReadOnlyList<Prompt> sensitive = _options.ToxicitySamples > 0 ? EncodeSensitive() : [];
        Rollout baseline = Respond(_baseline, encoded, _options.Samples, _options.Seed, Tell(EvaluationPhase.Baseline, progress), cancellationToken);
        Rollout model = Respond(_model, encoded, _options.Samples, _options.Seed, Tell(EvaluationPhase.Model, progress), cancellationToken);
        progress?.Report(new EvaluationProgress(EvaluationPhase.Scoring));
        double[][] logRatios = LogRatios(_model, _baseline, model, cancellationToken);
        (Scored Baseline, Scored Model)? reward = await ScoreAsync(Reward, baseline, model, cancellationToken).ConfigureAwait(false);
        (Scored Baseline, Scored Model)? judge = await ScoreAsync(Judge, baseline, model, cancellationToken).ConfigureAwait(false);
        var statistics = new PairStatistics(prompts.Count, _options);
        double[] kl = [.. logRatios.Select(ratios => ratios.Sum())];
        return new EvaluationResult
        {
            Prompts = prompts.Count,
            Samples = _options.Samples,
            Reward = reward is { } r ? statistics.Rewards(Reward!.Name, baseline, model, r.Baseline, r.Model) : null,
            Judge = judge is { } j ? statistics.Rewards(Judge!.Name, baseline, model, j.Baseline, j.Model) : null,
            Kl = statistics.Mean(kl),
            KlPerToken = kl.Sum() / model.ResponseTokens,
            References = References.ToDictionary(
                pair => pair.Key,
                pair => statistics.Compare(Distances(_baseline, pair.Value, baseline, cancellationToken), Distances(_model, pair.Value, model, cancellationToken))),
            Length = statistics.Compare(PairStatistics.Lengths(baseline), PairStatistics.Lengths(model)),
            EndRate = statistics.Compare(Ended(baseline), Ended(model)),
            BaselineText = TextStatistics.Of(Responses(baseline)),
            ModelText = TextStatistics.Of(Responses(model)),
            Toxicity = sensitive.Count > 0 ? MeasureToxicity(sensitive, progress, cancellationToken) : null,
            Pairs = Pairs(_options.Samples, Side(baseline, reward?.Baseline, judge?.Baseline, []), Side(model, reward?.Model, judge?.Model, logRatios), model.Prompts),
        };
    }

    private IReadOnlyList<Prompt> Encode(IReadOnlyList<Prompt> prompts)
    {
        int context = Math.Min(_baseline.Info.ContextLength, _model.Info.ContextLength);
        return PromptEncoder.Encode(prompts, _tokenizer, context, _options.MaxNewTokens, Chat);
    }

    /// <summary>The user has not written these prompts and cannot shorten them.</summary>
    private IReadOnlyList<Prompt> EncodeSensitive()
    {
        try
        {
            return Encode(SensitivePrompts.All);
        }
        catch (DataFileException failure)
        {
            throw new ArgumentException(
                $"The sensitive prompts that toxicity is measured on do not fit the models: {failure.Message}. Lower MaxNewTokens (max_new_tokens), "
                + "or set ToxicitySamples (evaluation.toxicity_samples) to 0 to leave toxicity out.",
                failure);
        }
    }

    private Rollout Respond(
        LanguageModel model,
        IReadOnlyList<Prompt> prompts,
        int samples,
        ulong seed,
        IProgress<GenerationProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var generator = new Generator(
            model,
            new GeneratorOptions { Seed = seed, MaxBatch = _options.GenerationBatch, CacheBytes = _options.GenerationCacheBytes });
        Prompt[] repeated = [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, samples))];
        GenerationRequest[] requests =
        [
            .. repeated.Select((prompt, i) => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = prompt.Tokens,
                MaxNewTokens = _options.MaxNewTokens,
                Sampling = _options.Sampling,
                StopTokens = _stops,
            }),
        ];
        Rollout rollout = Rollout.Pack(repeated, generator.Generate(requests, progress, cancellationToken));
        return rollout with { ResponseTexts = [.. Responses(rollout).Select(tokens => _tokenizer.Decode(tokens))] };
    }

    private async Task<(Scored Baseline, Scored Model)?> ScoreAsync(
        IReward? reward, Rollout baseline, Rollout model, CancellationToken cancellationToken)
    {
        if (reward is null)
        {
            return null;
        }

        var scorer = new ResponseScorer(reward, _tokenizer);
        Rollout first = await scorer.ScoreAsync(baseline, cancellationToken).ConfigureAwait(false);
        Rollout second = await scorer.ScoreAsync(model, cancellationToken).ConfigureAwait(false);
        return (Scored.Of(first), Scored.Of(second));
    }

    private void CheckReferences()
    {
        foreach ((string name, LanguageModel reference) in References)
        {
            if (reference.Info.VocabularySize != _model.Info.VocabularySize)
            {
                throw new ArgumentException(
                    $"references: {name} has a vocabulary of {reference.Info.VocabularySize} tokens and the model one of {_model.Info.VocabularySize}: "
                    + "a distance needs models with the same tokenizer.");
            }
        }
    }

    /// <summary>[S] sum of k1 over each response of a model: how far it is from a reference, nats.</summary>
    private double[] Distances(LanguageModel model, LanguageModel reference, Rollout rollout, CancellationToken cancellationToken) =>
        [.. LogRatios(model, reference, rollout, cancellationToken).Select(ratios => ratios.Sum())];

    /// <summary>[S] each: log-prob of a model less a reference's for each response token, both from whole-sequence passes.</summary>
    private double[][] LogRatios(LanguageModel from, LanguageModel to, Rollout rollout, CancellationToken cancellationToken)
    {
        var passes = new PpoOptions { MicroBatchTokens = _options.MicroBatchTokens };
        float[] model = new float[rollout.Count];
        float[] reference = new float[rollout.Count];
        int[] all = [.. Enumerable.Range(0, rollout.Sequences)];
        foreach (MicroBatch pass in MinibatchPlan.Plan(rollout, 0, 0, all, passes).MicroBatches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            pass.Scatter(LogProbs(from, pass), model);
            pass.Scatter(LogProbs(to, pass), reference);
        }

        return
        [
            .. all.Select(s => model[rollout.Response(s)].Zip(reference[rollout.Response(s)], (a, b) => (double)a - b).ToArray()),
        ];
    }

    private float[] LogProbs(LanguageModel model, MicroBatch pass)
    {
        double temperature = _options.Sampling.Temperature > 0 ? _options.Sampling.Temperature : 1;
        return model.Score(pass.Batch, ScoreOutputs.LogProbs, temperature).LogProbs;
    }

    private ToxicityComparison MeasureToxicity(
        IReadOnlyList<Prompt> prompts, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        int samples = _options.ToxicitySamples;
        IProgress<GenerationProgress>? told = Tell(EvaluationPhase.Toxicity, progress);
        Rollout baseline = Respond(_baseline, prompts, samples, _options.Seed ^ ToxicitySeed, told, cancellationToken);
        Rollout model = Respond(_model, prompts, samples, _options.Seed ^ ToxicitySeed, told, cancellationToken);
        var statistics = new PairStatistics(prompts.Count, _options);
        return new ToxicityComparison(
            prompts.Count,
            samples,
            statistics.Compare(Toxic(baseline), Toxic(model)),
            Pairs(samples, Side(baseline, null, null, []), Side(model, null, null, []), model.Prompts));
    }

    private static double[] Toxic(Rollout rollout) => [.. rollout.ResponseTexts.Select(text => ToxicityLexicon.IsToxic(text) ? 1.0 : 0.0)];

    private static double[] Ended(Rollout rollout) => [.. rollout.FinishReasons.Select(reason => reason == FinishReason.Stop ? 1.0 : 0.0)];

    private static int[][] Responses(Rollout rollout) =>
        [.. Enumerable.Range(0, rollout.Sequences).Select(s => rollout.Tokens[rollout.Response(s)])];

    private static EvaluationResponse[] Side(Rollout rollout, Scored? reward, Scored? judge, double[][] logRatios) =>
    [
        .. Enumerable.Range(0, rollout.Sequences).Select(s => new EvaluationResponse
        {
            Text = rollout.ResponseTexts[s],
            Tokens = rollout.Tokens[rollout.Response(s)],
            FinishReason = rollout.FinishReasons[s],
            Score = reward?.Scores[s],
            Rewards = reward?.Components.ToDictionary(pair => pair.Key, pair => pair.Value[s]) ?? [],
            JudgeScore = judge?.Scores[s],
            LogRatios = logRatios.Length > 0 ? logRatios[s] : [],
        }),
    ];

    private static EvaluationPair[] Pairs(int samples, EvaluationResponse[] baseline, EvaluationResponse[] model, IReadOnlyList<Prompt> prompts) =>
    [
        .. Enumerable.Range(0, baseline.Length).Select(i => new EvaluationPair
        {
            Prompt = i / samples,
            Sample = i % samples,
            PromptText = prompts[i].Text!,
            Source = prompts[i].Source,
            Baseline = baseline[i],
            Model = model[i],
        }),
    ];

    private static SynchronousProgress<GenerationProgress>? Tell(EvaluationPhase phase, IProgress<EvaluationProgress>? progress) =>
        progress is null
            ? null
            : new SynchronousProgress<GenerationProgress>(generation => progress.Report(new EvaluationProgress(phase, generation.Finished, generation.Total)));
}
