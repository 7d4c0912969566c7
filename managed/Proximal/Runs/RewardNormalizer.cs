using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>Measures a trained reward model on sampled answers, or on those of its training pairs.</summary>
internal sealed class RewardNormalizer(RewardModelRunOptions options, Engine engine, Tokenizer tokenizer, ChatEncoder? chat)
{
    /// <summary>Sampling for the normalisation draws other random numbers than anything else.</summary>
    private const ulong Seed = 0x6E6F726D616C697A;

    private IReadOnlyList<Generation> _answers = [];

    /// <summary>Samples answers where that is wanted. Done before training, so that what is wrong with the prompts is said before hours pass.</summary>
    /// <param name="prompts">The prompts; none: nothing is sampled.</param>
    /// <param name="progress">Is told how many answers are there, and of how many.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public void Prepare(IReadOnlyList<Prompt> prompts, Action<long, long> progress, CancellationToken cancellationToken)
    {
        if (prompts.Count == 0)
        {
            return;
        }

        NormalizationOptions normalization = options.Normalization;
        using LanguageModel sampler = RunModels.Open(
            engine, "normalization.model", normalization.Model ?? options.Model, options.Resolve, ModelHead.LanguageModel);
        IReadOnlyList<Prompt> encoded = PromptEncoder.Encode(
            prompts, tokenizer, sampler.Info.ContextLength, normalization.MaxNewTokens, chat);
        using var generator = new Generator(sampler, new GeneratorOptions { Seed = options.Seed ^ Seed });
        _answers = generator.Generate(
            [
                .. encoded.SelectMany(prompt => Enumerable.Repeat(prompt, normalization.Samples)).Select((prompt, i) => new GenerationRequest
                {
                    SampleId = (ulong)i,
                    Prompt = prompt.Tokens,
                    MaxNewTokens = normalization.MaxNewTokens,
                    Sampling = new SamplingOptions { Temperature = normalization.Temperature },
                    StopTokens = normalization.StopTokenIds ?? (tokenizer.EosTokenId is { } end ? [end] : []),
                }),
            ],
            new SynchronousProgress<GenerationProgress>(value => progress(value.Finished, value.Total)),
            cancellationToken);
    }

    /// <summary>Of the sampled answers, which other prompts or another model would change; <see langword="null"/>: none are sampled.</summary>
    public string? SampleFingerprint() => _answers.Count == 0
        ? null
        : Fingerprint.Of(_answers.Select(answer => ((string?)null, (int[])[.. answer.Prompt, .. answer.Tokens])));

    /// <summary>The normalisation of the model's scores.</summary>
    /// <param name="model">The trained model.</param>
    /// <param name="pairs">The training pairs, encoded.</param>
    /// <param name="progress">Is told how many answers are scored, and of how many.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">The scores cannot be normalised.</exception>
    public RewardNormalization Measure(
        LanguageModel model,
        IReadOnlyList<PreferencePair> pairs,
        Action<long, long> progress,
        CancellationToken cancellationToken)
    {
        int[][] sequences = _answers.Count > 0
            ? [.. _answers.Select(answer => (int[])[.. answer.Prompt, .. answer.Tokens])]
            : [.. pairs.SelectMany(pair => new[] { pair.ChosenTokens, pair.RejectedTokens })];
        long done = 0;
        float[] scores = RewardModelReward.Score(
            model,
            sequences,
            options.RewardModel.MicroBatchTokens,
            scored => progress(done += scored, sequences.Length),
            cancellationToken);
        string source = _answers.Count > 0
            ? $"answers sampled to {options.Normalization.Prompts!.FileNames}"
            : $"answers of the training pairs of {options.Data.FileNames}";
        return RewardNormalization.Of(scores, source);
    }
}
