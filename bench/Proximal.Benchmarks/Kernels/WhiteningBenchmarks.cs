using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Masked moments and whitening: the engine's kernels beside the loops that one would write in C#.</summary>
public class WhiteningBenchmarks : IDisposable
{
    private const double Epsilon = 1e-8;
    private readonly Engine _engine = new();
    private float[] _advantages = [];
    private byte[] _mask = [];
    private float[] _whitened = [];

    /// <summary>Tokens of the rollout; every fourth is masked.</summary>
    [Params(1 << 14, 1 << 20)]
    public int Tokens { get; set; }

    /// <summary>Draws a rollout.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _advantages = [.. Enumerable.Range(0, Tokens).Select(_ => random.NextSingle() - 0.3f)];
        _mask = [.. Enumerable.Range(0, Tokens).Select(i => (byte)(i % 4 == 0 ? 0 : 1))];
        _whitened = new float[Tokens];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < Tokens; i++)
        {
            if (_mask[i] != 0)
            {
                sum += _advantages[i];
                count++;
            }
        }

        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < Tokens; i++)
        {
            double deviation = _mask[i] != 0 ? _advantages[i] - mean : 0;
            squares += deviation * deviation;
        }

        double scale = 1 / Math.Sqrt((squares / (count - 1)) + Epsilon);
        for (int i = 0; i < Tokens; i++)
        {
            _whitened[i] = _mask[i] != 0 ? (float)((_advantages[i] - mean) * scale) : 0;
        }
    }

    /// <summary>The engine's kernels.</summary>
    [Benchmark]
    public void Kernel() =>
        Whitening.Apply(_engine, _advantages, _mask, Whitening.Moments(_engine, _advantages, _mask), _whitened);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
