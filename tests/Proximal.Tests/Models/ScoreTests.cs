using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class ScoreTests : ModelFixture
{
    private const double Tolerance = 2e-6; // another order of summation in the matrix products
    private const ScoreOutputs LanguageOutputs = ScoreOutputs.LogProbs | ScoreOutputs.Entropies | ScoreOutputs.Hidden;
    private static readonly int[][] Sequences = [[1, 5, 7, 2], [3], [28, 0, 11, 9, 4, 4, 20], [6, 6]];

    [Test]
    public void Packed_sequences_score_as_each_alone()
    {
        using LanguageModel model = Load(new TinyModel());
        using LanguageModel reward = model.Derive(ModelHead.Scalar, HeadInitialization.Normal, 4);
        PackedBatch batch = PackedBatch.Pack(Sequences);
        ModelScores packed = model.Score(batch, LanguageOutputs, 0.7);
        ModelScores rewards = reward.Score(batch, ScoreOutputs.Values | ScoreOutputs.Scores);
        Assert.Multiple(() =>
        {
            for (int s = 0; s < Sequences.Length; s++)
            {
                PackedBatch alone = PackedBatch.Pack([Sequences[s]]);
                ModelScores single = model.Score(alone, LanguageOutputs, 0.7);
                ModelScores singleReward = reward.Score(alone, ScoreOutputs.Values | ScoreOutputs.Scores);
                AssertPart(packed.LogProbs, single.LogProbs, (int)batch.Offsets[s]);
                AssertPart(packed.Entropies, single.Entropies, (int)batch.Offsets[s]);
                AssertPart(packed.Hidden, single.Hidden, (int)batch.Offsets[s] * 12);
                AssertPart(rewards.Values, singleReward.Values, (int)batch.Offsets[s]);
                AssertPart(rewards.Scores, singleReward.Scores, s);
            }
        });
    }

    [Test]
    public void Tokens_after_the_end_do_not_change_what_stands_before()
    {
        using LanguageModel model = Load(new TinyModel());
        int[] sequence = Sequences[2];
        float[] bare = model.Score(PackedBatch.Pack([sequence]), ScoreOutputs.LogProbs).LogProbs;
        int[] padded = [.. sequence, 0, 0, 0, 0, 0];
        float[] scores = model.Score(PackedBatch.Pack([padded]), ScoreOutputs.LogProbs).LogProbs;
        AssertPart(scores, bare, 0);
    }

    [Test]
    public void Positions_restart_unless_given_and_only_their_differences_count()
    {
        using LanguageModel model = Load(new TinyModel());
        PackedBatch batch = PackedBatch.Pack(Sequences);
        float[] expected = model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        int[] restarting = [.. Sequences.SelectMany(sequence => Enumerable.Range(0, sequence.Length))];
        int[] shifted = [.. Sequences.SelectMany((sequence, s) => Enumerable.Range(7 * s, sequence.Length))];
        int[] stretched = [.. Sequences.SelectMany(sequence => Enumerable.Range(0, sequence.Length).Select(i => 3 * i))];
        float[] With(int[] positions) =>
            model.Score(new PackedBatch(batch.Tokens, batch.Offsets, null, positions), ScoreOutputs.LogProbs).LogProbs;
        Assert.That(With(restarting), Is.EqualTo(expected));
        Assert.That(With(shifted), Is.EqualTo(expected).Within(1e-5), "rotary positions are relative");
        Assert.That(With(stretched), Is.Not.EqualTo(expected).Within(1e-3));
    }

    [Test]
    public void Log_probs_are_those_of_the_hidden_states_through_the_head()
    {
        using LanguageModel model = Load(new TinyModel());
        PackedBatch batch = PackedBatch.Pack([Sequences[0]]);
        ModelScores scores = model.Score(batch, LanguageOutputs, 0.7);
        float[] embedding = model.ReadTensor("model.embed_tokens.weight");
        for (int i = 1; i < batch.Count; i++)
        {
            double[] logits = [.. Enumerable.Range(0, 29).Select(token => Enumerable.Range(0, 12)
                .Sum(h => (double)scores.Hidden[((i - 1) * 12) + h] * embedding[(token * 12) + h]) / 0.7)];
            double logSum = Math.Log(logits.Sum(Math.Exp));
            Assert.That(scores.LogProbs[i], Is.EqualTo(logits[batch.Tokens[i]] - logSum).Within(1e-5));
            double entropy = -logits.Sum(logit => Math.Exp(logit - logSum) * (logit - logSum));
            Assert.That(scores.Entropies[i], Is.EqualTo(entropy).Within(1e-5));
        }
    }

    [Test]
    public void Values_are_the_head_before_each_token_and_scores_at_the_last()
    {
        using LanguageModel model = Load(new TinyModel { Classifier = true });
        Assert.That(model.Info.Head, Is.EqualTo(ModelHead.Scalar));
        float[] head = model.ReadTensor("score.weight");
        PackedBatch batch = PackedBatch.Pack(Sequences);
        ModelScores scores = model.Score(batch, ScoreOutputs.Values | ScoreOutputs.Scores | ScoreOutputs.Hidden);
        double At(long token) => Enumerable.Range(0, 12).Sum(h => (double)scores.Hidden[(token * 12) + h] * head[h]);
        Assert.Multiple(() =>
        {
            for (int s = 0; s < batch.Sequences; s++)
            {
                Assert.That(scores.Scores[s], Is.EqualTo(At(batch.Offsets[s + 1] - 1)).Within(1e-5));
                Assert.That(scores.Values[batch.Offsets[s]], Is.Zero);
                for (long i = batch.Offsets[s] + 1; i < batch.Offsets[s + 1]; i++)
                {
                    Assert.That(scores.Values[i], Is.EqualTo(At(i - 1)).Within(1e-5));
                }
            }
        });
    }

    [Test]
    public void Nothing_is_computed_for_targets_of_weight_zero()
    {
        using LanguageModel model = Load(new TinyModel());
        PackedBatch batch = PackedBatch.Pack(Sequences);
        float[] all = model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        float[] weights = [.. Enumerable.Range(0, batch.Count).Select(i => i % 3 == 0 ? 0f : 0.5f)];
        float[] some = model.Score(batch.WithWeights(weights), ScoreOutputs.LogProbs).LogProbs;
        for (int i = 0; i < batch.Count; i++)
        {
            Assert.That(some[i], weights[i] == 0 ? Is.Zero : Is.EqualTo(all[i]).Within(Tolerance));
        }
    }

    [Test]
    public void The_same_batch_gives_the_same_bits()
    {
        using LanguageModel model = Load(new TinyModel());
        PackedBatch batch = PackedBatch.Pack(Sequences);
        float[] first = model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
        Assert.That(Bits(model.Score(batch, ScoreOutputs.LogProbs).LogProbs), Is.EqualTo(Bits(first)));
    }

    [Test]
    public void Sequences_beyond_the_context_and_tokens_beyond_the_vocabulary_are_refused()
    {
        using LanguageModel model = Load(new TinyModel());
        Assert.That(
            () => model.Score(PackedBatch.Pack([[1, 2], new int[65]]), ScoreOutputs.LogProbs),
            Throws.ArgumentException.With.Message.Contains("Sequence 1 has 65 tokens").And.Message.Contains("64"));
        Assert.That(
            () => model.Score(PackedBatch.Pack([[1, 29]]), ScoreOutputs.LogProbs),
            Throws.ArgumentException.With.Message.Contains("token 29").And.Message.Contains("0 to 28"));
        int[] positions = [0, 64];
        Assert.That(
            () => model.Score(new PackedBatch([1, 2], [0, 2], null, positions), ScoreOutputs.LogProbs),
            Throws.ArgumentException.With.Message.Contains("batch.positions[1]: expected 0 to 63"));
    }

    [Test]
    public void Outputs_of_the_other_head_are_refused()
    {
        using LanguageModel model = Load(new TinyModel());
        using LanguageModel reward = model.Derive(ModelHead.Scalar, HeadInitialization.Zero);
        PackedBatch batch = PackedBatch.Pack(Sequences);
        Assert.That(() => model.Score(batch, ScoreOutputs.Scores), Throws.ArgumentException.With.Message.Contains("Scores"));
        Assert.That(() => reward.Score(batch, ScoreOutputs.LogProbs), Throws.ArgumentException.With.Message.Contains("LogProbs"));
    }

    private static void AssertPart(float[] whole, float[] part, int begin) =>
        Assert.That(whole.AsSpan(begin, part.Length).ToArray(), Is.EqualTo(part).Within(Tolerance));
}
