using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Rotary positions of fused query, key and value rows: the engine's kernel beside the loops that one would write in C#.</summary>
public class RopeBenchmarks : IDisposable
{
    private const int Positions = 512;
    private const int Half = 32;
    private static readonly RopeHeads Heads = new(9, 3, 2 * Half);
    private readonly Engine _engine = new();
    private float[] _rows = [];
    private float[] _cosines = [];
    private float[] _sines = [];
    private float[] _norm = [];
    private int[] _positions = [];

    /// <summary>Tokens; 9 query heads, 3 key heads and 3 value heads of 64 each.</summary>
    [Params(1024, 16384)]
    public int Rows { get; set; }

    /// <summary>Draws rows.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _rows = [.. Enumerable.Range(0, Rows * 15 * 2 * Half).Select(_ => random.NextSingle() - 0.5f)];
        _cosines = Table(Math.Cos);
        _sines = Table(Math.Sin);
        _norm = [.. Enumerable.Repeat(1f, 2 * Half)];
        _positions = [.. Enumerable.Range(0, Rows).Select(row => row % Positions)];
    }

    /// <summary>Straightforward managed code.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int row = 0; row < Rows; row++)
        {
            int angle = _positions[row] * Half;
            for (int head = 0; head < 12; head++)
            {
                Span<float> x = _rows.AsSpan(((row * 15) + head) * 2 * Half, 2 * Half);
                for (int i = 0; i < Half; i++)
                {
                    float low = x[i];
                    x[i] = (low * _cosines[angle + i]) - (x[i + Half] * _sines[angle + i]);
                    x[i + Half] = (x[i + Half] * _cosines[angle + i]) + (low * _sines[angle + i]);
                }
            }
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel() => Rope.Forward(
        _engine,
        Heads,
        new RopeArrays { X = _rows, Positions = _positions, Cosines = _cosines, Sines = _sines, Output = _rows });

    /// <summary>The engine's kernel with the norm of heads in the same pass.</summary>
    [Benchmark]
    public void KernelWithNorms() => Rope.Forward(
        _engine,
        Heads,
        new RopeArrays
        {
            X = _rows,
            Positions = _positions,
            Cosines = _cosines,
            Sines = _sines,
            QueryNorm = _norm,
            KeyNorm = _norm,
            Output = _rows,
        });

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private static float[] Table(Func<double, double> function) =>
    [
        .. Enumerable.Range(0, Positions * Half)
            .Select(i => (float)function(i / Half * Math.Pow(10000, -(i % Half) / (double)Half))),
    ];
}
