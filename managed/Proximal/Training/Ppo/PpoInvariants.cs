using System.Globalization;

namespace Proximal.Training.Ppo;

/// <summary>What must hold in every healthy PPO step, measured and put into plain words where it does not.</summary>
/// <remarks>Numbers that are not finite never come this far: they end the step where they appear.</remarks>
internal sealed class PpoInvariants
{
    /// <summary>A mean k1 of a sequence below this says that sampling and scoring disagree.</summary>
    private const double LowestSequenceKl = -1;

    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Largest |ratio - 1| in the first minibatch: 0 when two passes agree; NaN while the critic warms up.</summary>
    public double FirstRatioDeviation { get; private set; } = double.NaN;

    /// <summary>Approximate KL of the first minibatch, 0 when two passes agree; NaN while the critic warms up.</summary>
    public double FirstApproxKl { get; private set; } = double.NaN;

    /// <summary>
    /// Largest and mean difference of the log-prob recorded while sampling to the one computed from whole sequences: of all
    /// sequences where they were scored, else of the first minibatch in training. NaN without either.
    /// </summary>
    public (double Largest, double Mean) SamplingDifference { get; private set; } = (double.NaN, double.NaN);

    /// <summary>Looks at a finished update.</summary>
    public void Check(Rollout rollout, PpoUpdate update, PpoOptions options)
    {
        CheckSampling(options);
        CheckFirstMinibatch(rollout, update);
        MeasureSamplingDifference(rollout, update);
        CheckKl(rollout);
        CheckValueClip(update);
    }

    private void CheckSampling(PpoOptions options)
    {
        if (options.Sampling.TopK > 0 || options.Sampling.TopP < 1 || options.Sampling.MinP > 0)
        {
            _warnings.Add(
                "Top-k, top-p or min-p changes the distribution that responses are drawn from, while log-probs are those of "
                + "the whole one: the KL is biased. Sample without them to train.");
        }
    }

    // 1. Nothing has been learned yet, so the policy in training is the one that was scored.
    private void CheckFirstMinibatch(Rollout rollout, PpoUpdate update)
    {
        if (update.FirstSequences.Count == 0)
        {
            return;
        }

        FirstRatioDeviation = 0;
        FirstApproxKl = update.Minibatches[0].Policy.Policy.ApproxKl;
        (int Sequence, int Index)? worst = null;
        foreach (int s in update.FirstSequences)
        {
            (int begin, int length) = rollout.Response(s).GetOffsetAndLength(rollout.Count);
            for (int i = begin; i < begin + length; i++)
            {
                double deviation = Math.Abs(Math.Exp((double)update.FirstLogProbs[i] - rollout.LogProbs[i]) - 1);
                if (deviation > FirstRatioDeviation)
                {
                    FirstRatioDeviation = deviation;
                    worst = (s, i);
                }
            }
        }

        if (worst is { } token)
        {
            int place = token.Index - (int)rollout.Offsets[token.Sequence] - rollout.PromptLengths[token.Sequence];
            _warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The first minibatch does not start at ratio 1: response token {place} of sequence {token.Sequence} (id "
                + $"{rollout.Tokens[token.Index]}) has log-prob {update.FirstLogProbs[token.Index]:R} in training and "
                + $"{rollout.LogProbs[token.Index]:R} in scoring. Two passes over the same micro-batch must agree bit for bit."));
        }
    }

    // 2. Sampling decodes token by token, training sees whole sequences: the difference is rounding, or a bug.
    private void MeasureSamplingDifference(Rollout rollout, PpoUpdate update)
    {
        bool scored = rollout.LogProbs != rollout.SamplingLogProbs;
        IEnumerable<int> sequences = scored ? Enumerable.Range(0, rollout.Sequences) : update.FirstSequences;
        float[] computed = scored ? rollout.LogProbs : update.FirstLogProbs;
        double largest = 0;
        double sum = 0;
        int count = 0;
        foreach (int s in rollout.SamplingLogProbs.Length > 0 ? sequences : [])
        {
            (int begin, int length) = rollout.Response(s).GetOffsetAndLength(rollout.Count);
            for (int i = begin; i < begin + length; i++)
            {
                double difference = Math.Abs((double)rollout.SamplingLogProbs[i] - computed[i]);
                largest = Math.Max(largest, difference);
                sum += difference;
            }

            count += length;
        }

        SamplingDifference = count > 0 ? (largest, sum / count) : (double.NaN, double.NaN);
    }

    // 3. k3 is never negative; k1 is negative on average only if responses are not drawn from the policy that scores them.
    private void CheckKl(Rollout rollout)
    {
        int bad = Array.FindIndex(rollout.Kl.K3, k3 => !(k3 >= 0));
        if (bad >= 0)
        {
            _warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The KL estimate k3 of token {bad} of the rollout is {rollout.Kl.K3[bad]:R}: it can never be negative."));
        }

        double mean = rollout.Kl.K1.Sum(k1 => (double)k1) / rollout.Sequences;
        if (mean < LowestSequenceKl)
        {
            _warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The mean KL estimate k1 is {mean:F2} nats a sequence, below {LowestSequenceKl}: sampling and scoring "
                + $"disagree. Compare rollout/logprob_difference_max, the temperature and the filters of both."));
        }
    }

    private void CheckValueClip(PpoUpdate update)
    {
        long tokens = update.Minibatches.Sum(minibatch => minibatch.Value.Value.Tokens);
        long clipped = update.Minibatches.Sum(minibatch => minibatch.Value.Value.Clipped);
        if (clipped * 2 > tokens)
        {
            _warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{100.0 * clipped / tokens:F0} % of the values are clipped at {update.ValueClipRange:G3}: the critic cannot "
                + $"follow the returns. Raise the value clip."));
        }
    }
}
