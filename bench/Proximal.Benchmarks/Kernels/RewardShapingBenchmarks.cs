using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Token rewards from log-probs and scores: the engine's kernel beside the loop that one would write in C#.</summary>
public class RewardShapingBenchmarks : IDisposable
{
    private const double Beta = 0.05;
    private const int Length = 256;
    private readonly Engine _engine = new();
    private long[] _offsets = [];
    private float[] _logProbs = [];
    private float[] _referenceLogProbs = [];
    private float[] _scores = [];
    private float[] _rewards = [];

    /// <summary>Sequences of the rollout, of 256 tokens each.</summary>
    [Params(64, 4096)]
    public int Sequences { get; set; }

    /// <summary>The estimator of the KL term.</summary>
    [Params(KlEstimator.K1, KlEstimator.K3)]
    public KlEstimator Estimator { get; set; }

    /// <summary>Draws a rollout.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        int count = Sequences * Length;
        _offsets = [.. Enumerable.Range(0, Sequences + 1).Select(s => (long)s * Length)];
        _logProbs = [.. Enumerable.Range(0, count).Select(_ => -3 * random.NextSingle())];
        _referenceLogProbs = [.. Enumerable.Range(0, count).Select(_ => -3 * random.NextSingle())];
        _scores = [.. Enumerable.Range(0, Sequences).Select(_ => random.NextSingle())];
        _rewards = new float[count];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int s = 0; s < Sequences; s++)
        {
            for (long i = _offsets[s]; i < _offsets[s + 1]; i++)
            {
                double d = Math.Clamp((double)_logProbs[i] - _referenceLogProbs[i], -20, 20);
                double k = Math.Clamp(Estimator == KlEstimator.K1 ? d : Math.Exp(-d) - 1 + d, -10, 10);
                _rewards[i] = (float)(-Beta * k);
            }

            _rewards[_offsets[s + 1] - 1] += Math.Clamp(_scores[s], -10, 10);
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel()
    {
        var inputs = new RewardShapingInputs { Offsets = _offsets, LogProbs = _logProbs, ReferenceLogProbs = _referenceLogProbs, Scores = _scores };
        RewardShaping.Compute(_engine, inputs, Estimator, Beta, 10, _rewards);
    }

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
