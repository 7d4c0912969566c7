using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>The pairwise reward-model loss with its gradients: the engine's kernel beside the loop that one would write in C#.</summary>
public class BradleyTerryBenchmarks : IDisposable
{
    private readonly Engine _engine = new();
    private float[] _chosen = [];
    private float[] _rejected = [];
    private float[] _chosenGradients = [];
    private float[] _rejectedGradients = [];

    /// <summary>Pairs of the batch.</summary>
    [Params(256, 1 << 20)]
    public int Pairs { get; set; }

    /// <summary>Draws scores.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _chosen = [.. Enumerable.Range(0, Pairs).Select(_ => (4 * random.NextSingle()) - 1)];
        _rejected = [.. Enumerable.Range(0, Pairs).Select(_ => (4 * random.NextSingle()) - 2)];
        _chosenGradients = new float[Pairs];
        _rejectedGradients = new float[Pairs];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public double Managed()
    {
        double loss = 0;
        for (int i = 0; i < Pairs; i++)
        {
            double difference = (double)_chosen[i] - _rejected[i];
            double small = Math.Exp(-Math.Abs(difference));
            loss += Math.Max(-difference, 0) + Math.Log(1 + small);
            double pull = (difference >= 0 ? small : 1) / (1 + small) / Pairs;
            _chosenGradients[i] = (float)-pull;
            _rejectedGradients[i] = (float)pull;
        }

        return loss / Pairs;
    }

    /// <summary>The engine's kernel, metrics included.</summary>
    [Benchmark]
    public double Kernel() => BradleyTerry.Compute(
        _engine, _chosen, _rejected, default, Pairs, default, _chosenGradients, _rejectedGradients).LossSum / Pairs;

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
