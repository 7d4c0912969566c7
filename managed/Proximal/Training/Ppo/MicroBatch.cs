using Proximal.Models;

namespace Proximal.Training.Ppo;

/// <summary>The sequences of a rollout that go through a model together.</summary>
internal sealed class MicroBatch
{
    private readonly Rollout _rollout;
    private readonly int[] _sequences;

    /// <param name="rollout">Where the sequences are from.</param>
    /// <param name="sequences">Which ones, in the order of the batch.</param>
    /// <param name="weights">[S] weight of each response token of a sequence of the rollout.</param>
    public MicroBatch(Rollout rollout, int[] sequences, float[] weights)
    {
        _rollout = rollout;
        _sequences = sequences;
        long[] offsets = new long[sequences.Length + 1];
        for (int i = 0; i < sequences.Length; i++)
        {
            offsets[i + 1] = offsets[i] + Length(sequences[i]);
        }

        int[] tokens = new int[offsets[^1]];
        float[] weight = new float[offsets[^1]];
        for (int i = 0; i < sequences.Length; i++)
        {
            int s = sequences[i];
            Array.Copy(rollout.Tokens, rollout.Offsets[s], tokens, offsets[i], Length(s));
            int response = (int)offsets[i] + rollout.PromptLengths[s];
            weight.AsSpan(response, rollout.ResponseLength(s)).Fill(weights[s]);
        }

        Batch = new PackedBatch(tokens, offsets, weight);
    }

    /// <summary>The sequences, weight 0 on prompts.</summary>
    public PackedBatch Batch { get; }

    /// <summary>The rollout's index of each sequence.</summary>
    public IReadOnlyList<int> Sequences => _sequences;

    /// <summary>The batch's part of a per-token array of the rollout.</summary>
    public float[] Gather(float[] values)
    {
        float[] part = new float[Batch.Count];
        for (int i = 0; i < _sequences.Length; i++)
        {
            int s = _sequences[i];
            Array.Copy(values, _rollout.Offsets[s], part, Batch.Offsets[i], Length(s));
        }

        return part;
    }

    /// <summary>Writes the batch's part of a per-token array of the rollout.</summary>
    public void Scatter(float[] part, float[] values)
    {
        for (int i = 0; i < _sequences.Length; i++)
        {
            int s = _sequences[i];
            Array.Copy(part, Batch.Offsets[i], values, _rollout.Offsets[s], Length(s));
        }
    }

    private int Length(int sequence) => (int)(_rollout.Offsets[sequence + 1] - _rollout.Offsets[sequence]);
}
