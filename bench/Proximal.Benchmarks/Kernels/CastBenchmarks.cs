using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Float to bf16 and back: the engine's kernels beside the loop that one would write in C#.</summary>
public class CastBenchmarks : IDisposable
{
    private readonly Engine _engine = new();
    private float[] _x = [];
    private ushort[] _bits = [];

    /// <summary>Elements.</summary>
    [Params(1 << 16, 1 << 24)]
    public int Count { get; set; }

    /// <summary>Draws elements.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _x = [.. Enumerable.Range(0, Count).Select(_ => random.NextSingle() - 0.5f)];
        _bits = new ushort[Count];
    }

    /// <summary>Straightforward managed code, to bf16.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int i = 0; i < Count; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(_x[i]);
            _bits[i] = (ushort)(float.IsNaN(_x[i]) ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }

    /// <summary>The engine's kernel, to bf16.</summary>
    [Benchmark]
    public void Kernel() => Cast.ToBf16(_engine, _x, _bits);

    /// <summary>The engine's kernel, to float.</summary>
    [Benchmark]
    public void KernelBack() => Cast.ToSingle(_engine, _bits, _x);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
