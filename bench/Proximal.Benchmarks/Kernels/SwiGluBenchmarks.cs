using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>The gated activation and its gradients: the engine's kernels beside the loop that one would write in C#.</summary>
public class SwiGluBenchmarks : IDisposable
{
    private const int Features = 1536;
    private readonly Engine _engine = new();
    private float[] _gateUp = [];
    private float[] _output = [];
    private ushort[] _bits = [];
    private float[] _gradient = [];

    /// <summary>Tokens; 1536 gates and as many ups each.</summary>
    [Params(256, 4096)]
    public int Rows { get; set; }

    /// <summary>Draws rows.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _gateUp = [.. Enumerable.Range(0, Rows * 2 * Features).Select(_ => (6 * random.NextSingle()) - 3)];
        _output = new float[Rows * Features];
        _bits = new ushort[Rows * Features];
        _gradient = new float[Rows * 2 * Features];
    }

    /// <summary>Straightforward managed code.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int row = 0; row < Rows; row++)
        {
            ReadOnlySpan<float> gates = _gateUp.AsSpan(row * 2 * Features, 2 * Features);
            for (int i = 0; i < Features; i++)
            {
                _output[(row * Features) + i] = gates[i] / (1 + MathF.Exp(-gates[i])) * gates[Features + i];
            }
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel() => SwiGlu.Forward(_engine, Features, _gateUp, _output);

    /// <summary>The engine's kernel, into bf16.</summary>
    [Benchmark]
    public void KernelBf16() => SwiGlu.Forward(_engine, Features, _gateUp, default, _bits);

    /// <summary>The engine's kernel of the backward pass.</summary>
    [Benchmark]
    public void KernelBackward() => SwiGlu.Backward(_engine, Features, _gateUp, _output, _gradient);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
