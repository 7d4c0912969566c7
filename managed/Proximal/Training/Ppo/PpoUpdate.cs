namespace Proximal.Training.Ppo;

/// <summary>The optimizer steps of a PPO step while they are made, and what the very first forward pass gave.</summary>
internal sealed class PpoUpdate(Rollout rollout, double valueClipRange)
{
    private readonly List<PpoMinibatch> _minibatches = [];
    private readonly List<int> _firstSequences = [];
    private readonly float[] _firstLogProbs = new float[rollout.Count];

    public Rollout Rollout => rollout;

    /// <summary>How far a value may move, in units of the values.</summary>
    public double ValueClipRange => valueClipRange;

    /// <summary>The optimizer steps so far.</summary>
    public IReadOnlyList<PpoMinibatch> Minibatches => _minibatches;

    /// <summary>The sequences of the first minibatch of the first epoch; none while the critic warms up.</summary>
    public IReadOnlyList<int> FirstSequences => _firstSequences;

    /// <summary>[N] log-probs that training computed in the first minibatch, before any step.</summary>
    public float[] FirstLogProbs => _firstLogProbs;

    public void Add(PpoMinibatch minibatch) => _minibatches.Add(minibatch);

    /// <summary>Keeps the log-probs of a training pass if it belongs to the first minibatch.</summary>
    public void Observe(Minibatch minibatch, MicroBatch pass, float[] logProbs)
    {
        if (minibatch is { Epoch: 0, Index: 0 })
        {
            pass.Scatter(logProbs, _firstLogProbs);
            _firstSequences.AddRange(pass.Sequences);
        }
    }
}
