using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace Proximal.Training.Ppo;

/// <summary>Measures a policy on prompts that it does not train on: reward, its spread, sequence KL and distinct-2.</summary>
/// <remarks>Every measurement draws with the same random numbers, so that two of them differ by the policy alone.</remarks>
public sealed class PpoValidator
{
    private readonly ResponseScorer _scorer;
    private readonly List<Prompt> _prompts;

    /// <summary>Makes a validator.</summary>
    /// <param name="prompts">The prompts, encoded; at least one.</param>
    /// <param name="samples">Responses to each; at least 1.</param>
    /// <param name="reward">Scores the responses.</param>
    /// <param name="tokenizer">Turns responses into text; <see langword="null"/>: the reward sees tokens only.</param>
    /// <param name="seed">Decides what is drawn.</param>
    public PpoValidator(
        IReadOnlyList<Prompt> prompts, int samples, IReward reward, Tokenizer? tokenizer, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        if (prompts.Count == 0)
        {
            throw new ArgumentException("Expected at least one prompt.", nameof(prompts));
        }

        _prompts = [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, samples))];
        _scorer = new ResponseScorer(reward, tokenizer);
        Seed = seed;
    }

    /// <summary>Decides what is drawn.</summary>
    public ulong Seed { get; }

    /// <summary>Responses of a measurement.</summary>
    public int Responses => _prompts.Count;

    /// <summary>Samples the trainer's actor and measures it against its reference.</summary>
    /// <param name="trainer">The trainer, between two steps.</param>
    /// <param name="options">How responses are drawn and passed through the models.</param>
    /// <param name="progress">Is told how many responses are there, on the calling thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <returns>The curves <c>validation/*</c>.</returns>
    public async Task<IReadOnlyDictionary<string, double>> MeasureAsync(
        PpoTrainer trainer,
        PpoOptions options,
        IProgress<GenerationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ArgumentNullException.ThrowIfNull(options);
        Rollout rollout = Generate(trainer, options, progress, cancellationToken);
        rollout = await _scorer.ScoreAsync(rollout, cancellationToken).ConfigureAwait(false);
        Spread scores = Spread.Of(rollout.Scores);
        var metrics = new OrderedDictionary<string, double>
        {
            ["validation/reward_mean"] = scores.Mean,
            ["validation/reward_std"] = scores.Deviation,
            ["validation/kl"] = SequenceKl(trainer, rollout, options, cancellationToken),
            ["validation/distinct_2"] = NGramStatistics.Distinct(
                Enumerable.Range(0, rollout.Sequences).Select(s => rollout.Tokens[rollout.Response(s)]), 2),
            ["validation/length_mean"] = rollout.ResponseTokens / (double)rollout.Sequences,
        };
        foreach ((string name, float[] values) in rollout.Components)
        {
            metrics[$"validation/reward/{name}"] = values.Average();
        }

        return metrics;
    }

    private Rollout Generate(
        PpoTrainer trainer, PpoOptions options, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        using var generator = new Generator(
            trainer.Actor,
            new GeneratorOptions { Seed = Seed, MaxBatch = options.GenerationBatch, CacheBytes = options.GenerationCacheBytes });
        GenerationRequest[] requests =
        [
            .. _prompts.Select((prompt, i) => new GenerationRequest
            {
                SampleId = (ulong)i,
                Prompt = prompt.Tokens,
                MaxNewTokens = options.MaxNewTokens,
                Sampling = options.Sampling,
                StopTokens = trainer.StopTokenIds,
            }),
        ];
        return Rollout.Pack(_prompts, generator.Generate(requests, progress, cancellationToken));
    }

    /// <summary>Mean over sequences of the sum of k1 over the response, both log-probs from whole-sequence passes.</summary>
    private static double SequenceKl(
        PpoTrainer trainer, Rollout rollout, PpoOptions options, CancellationToken cancellationToken)
    {
        int[] all = [.. Enumerable.Range(0, rollout.Sequences)];
        double sum = 0;
        foreach (MicroBatch pass in MinibatchPlan.Plan(rollout, 0, 0, all, options).MicroBatches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            float[] actor = LogProbs(trainer.Actor, pass, options);
            float[] reference = LogProbs(trainer.Reference, pass, options);
            for (int i = 0; i < actor.Length; i++)
            {
                sum += (double)actor[i] - reference[i];
            }
        }

        return sum / rollout.Sequences;
    }

    private static float[] LogProbs(LanguageModel model, MicroBatch pass, PpoOptions options) =>
        model.Score(pass.Batch, ScoreOutputs.LogProbs, options.Sampling.Temperature).LogProbs;
}
