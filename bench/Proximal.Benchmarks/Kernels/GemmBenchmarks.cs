using BenchmarkDotNet.Attributes;
using Proximal.Kernels;
using Proximal.Models;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Rows times the gate and up projections of the 135M model: the engine's kernel beside the loops that one would write in C#.</summary>
public class GemmBenchmarks : IDisposable
{
    private const int Outputs = 3072;
    private const int Inputs = 576;
    private readonly Engine _engine = new();
    private readonly PackedWeights _floats = new(Outputs, Inputs, TensorType.Float32);
    private readonly PackedWeights _halves = new(Outputs, Inputs, TensorType.BFloat16);
    private float[] _weights = [];
    private float[] _rows = [];
    private ushort[] _rounded = [];
    private float[] _results = [];

    /// <summary>Rows to multiply.</summary>
    [Params(1, 32, 256)]
    public int Rows { get; set; }

    /// <summary>Draws rows and weights.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _weights = Draw(random, Outputs * Inputs);
        _rows = Draw(random, Rows * Inputs);
        _rounded = [.. _rows.Select(x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16))];
        _results = new float[Rows * Outputs];
        _floats.Write(_engine, _weights);
        _halves.Write(_engine, _weights);
    }

    /// <summary>Straightforward managed code in float.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int m = 0; m < Rows; m++)
        {
            for (int n = 0; n < Outputs; n++)
            {
                float sum = 0;
                for (int k = 0; k < Inputs; k++)
                {
                    sum += _rows[(m * Inputs) + k] * _weights[(n * Inputs) + k];
                }

                _results[(m * Outputs) + n] = sum;
            }
        }
    }

    /// <summary>The engine's kernel, floats.</summary>
    [Benchmark]
    public void Kernel() => Gemm.Multiply(_engine, _rows, _floats, new GemmOutputs { Output = _results });

    /// <summary>The engine's kernel, bf16.</summary>
    [Benchmark]
    public void KernelBf16() => Gemm.Multiply(_engine, _rounded, _halves, new GemmOutputs { Output = _results });

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
