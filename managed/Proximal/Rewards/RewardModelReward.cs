using Proximal.Models;
using Proximal.Training;

namespace Proximal.Rewards;

/// <summary>A reward model: the scalar head at the last token of prompt and response, normalised where that is wanted.</summary>
/// <remarks>The model must read the policy's tokens. Its own score is the component <c>raw</c> when it is normalised.</remarks>
public sealed class RewardModelReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "model";

    private readonly LanguageModel _model;
    private readonly int _microBatchTokens;

    /// <summary>Makes the reward.</summary>
    /// <param name="model">The model, with a scalar head; it stays the caller's.</param>
    /// <param name="normalization">Is applied to every score; <see langword="null"/>: none.</param>
    /// <param name="microBatchTokens">The most tokens of one forward pass, at least 1; a longer sequence goes alone.</param>
    /// <param name="name">The name of its curve.</param>
    public RewardModelReward(
        LanguageModel model, RewardNormalization? normalization = null, int microBatchTokens = 8192, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatchTokens, 1);
        RewardRunner.CheckName(name);
        if (model.Info.Head != ModelHead.Scalar)
        {
            throw new ArgumentException($"A reward model needs a scalar head; the model has a {model.Info.Head} head.", nameof(model));
        }

        _model = model;
        _microBatchTokens = microBatchTokens;
        Normalization = normalization;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Token ids that the model knows; the policy must have as many.</summary>
    public int VocabularySize => _model.Info.VocabularySize;

    /// <summary>Is applied to every score; <see langword="null"/>: none.</summary>
    public RewardNormalization? Normalization { get; }

    /// <summary>The model's own scores of whole sequences.</summary>
    /// <param name="model">A model with a scalar head.</param>
    /// <param name="sequences">Prompt and response, not empty.</param>
    /// <param name="microBatchTokens">The most tokens of one forward pass.</param>
    /// <param name="scored">Is told how many sequences a pass scored; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the work between two passes.</param>
    public static float[] Score(
        LanguageModel model,
        IReadOnlyList<int[]> sequences,
        int microBatchTokens,
        Action<int>? scored = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sequences);
        float[] scores = new float[sequences.Count];
        int[] all = [.. Enumerable.Range(0, sequences.Count)];
        foreach (int[] part in SequencePacking.Cut(all, s => sequences[s].Length, microBatchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            PackedBatch batch = PackedBatch.Pack([.. part.Select(s => sequences[s])]);
            model.Score(batch, ScoreOutputs.Scores).Scores.CopyTo(scores, part[0]);
            scored?.Invoke(part.Length);
        }

        return scores;
    }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int[][] sequences = [.. batch.Rows.Select(row => (int[])[.. row.PromptTokens, .. row.ResponseTokens])];
        float[] raw = Score(_model, sequences, _microBatchTokens, cancellationToken: cancellationToken);
        return ValueTask.FromResult(Normalization is null
            ? new RewardResult { Scores = raw }
            : new RewardResult
            {
                Scores = Array.ConvertAll(raw, score => (float)Normalization.Apply(score)),
                Components = new Dictionary<string, float[]> { ["raw"] = raw },
            });
    }
}
