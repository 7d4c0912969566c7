using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Both forms of the Gaussian error linear unit: the engine's kernels beside the loop that one would write in C#.</summary>
public class GeluBenchmarks : IDisposable
{
    private readonly Engine _engine = new();
    private float[] _x = [];
    private float[] _output = [];

    /// <summary>Elements.</summary>
    [Params(1 << 16, 1 << 24)]
    public int Count { get; set; }

    /// <summary>Draws elements.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _x = [.. Enumerable.Range(0, Count).Select(_ => (6 * random.NextSingle()) - 3)];
        _output = new float[Count];
    }

    /// <summary>Straightforward managed code.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int i = 0; i < Count; i++)
        {
            float x = _x[i];
            _output[i] = x / 2 * (1 + MathF.Tanh(0.7978846f * (x + (0.044715f * x * x * x))));
        }
    }

    /// <summary>The engine's kernel, by the tanh formula.</summary>
    [Benchmark]
    public void Kernel() => Gelu.Forward(_engine, _x, _output);

    /// <summary>The engine's kernel, exact.</summary>
    [Benchmark]
    public void KernelExact() => Gelu.Forward(_engine, _x, _output, exact: true);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
