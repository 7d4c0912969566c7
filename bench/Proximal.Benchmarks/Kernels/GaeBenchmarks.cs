using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Advantages of a rollout: the engine's kernel beside the loop that one would write in C#.</summary>
public class GaeBenchmarks : IDisposable
{
    private const double Gamma = 1;
    private const double Lambda = 0.95;
    private readonly Engine _engine = new();
    private long[] _offsets = [];
    private float[] _rewards = [];
    private float[] _values = [];
    private float[] _advantages = [];
    private float[] _returns = [];

    /// <summary>Sequences of the rollout.</summary>
    [Params(64, 4096)]
    public int Sequences { get; set; }

    /// <summary>Tokens of a sequence.</summary>
    [Params(256)]
    public int Length { get; set; }

    /// <summary>Draws a rollout.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        int count = Sequences * Length;
        _offsets = [.. Enumerable.Range(0, Sequences + 1).Select(s => (long)s * Length)];
        _rewards = [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        _values = [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
        _advantages = new float[count];
        _returns = new float[count];
    }

    /// <summary>Straightforward managed code in double, like the kernel.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int s = 0; s < Sequences; s++)
        {
            double advantage = 0;
            double next = 0;
            for (long i = _offsets[s + 1] - 1; i >= _offsets[s]; i--)
            {
                advantage = _rewards[i] + (Gamma * next) - _values[i] + (Gamma * Lambda * advantage);
                next = _values[i];
                _advantages[i] = (float)advantage;
                _returns[i] = (float)(advantage + next);
            }
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel() =>
        Gae.Compute(_engine, _offsets, _rewards, _values, default, Gamma, Lambda, _advantages, _returns);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
