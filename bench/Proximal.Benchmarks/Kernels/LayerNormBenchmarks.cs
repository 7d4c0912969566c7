using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Layer norm of a model's rows: the engine's kernel beside the loops that one would write in C#.</summary>
public class LayerNormBenchmarks : IDisposable
{
    private const int Hidden = 768;
    private const double Epsilon = 1e-5;
    private readonly Engine _engine = new();
    private float[] _x = [];
    private float[] _weight = [];
    private float[] _bias = [];
    private float[] _output = [];

    /// <summary>Tokens; a row of 768 entries each.</summary>
    [Params(1024, 16384)]
    public int Rows { get; set; }

    /// <summary>Draws rows.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _x = Draw(random, Rows * Hidden);
        _weight = Draw(random, Hidden);
        _bias = Draw(random, Hidden);
        _output = new float[Rows * Hidden];
    }

    /// <summary>Straightforward managed code, sums in double.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int row = 0; row < Rows; row++)
        {
            ReadOnlySpan<float> x = _x.AsSpan(row * Hidden, Hidden);
            double sum = 0;
            foreach (float value in x)
            {
                sum += value;
            }

            double mean = sum / Hidden;
            double squares = 0;
            foreach (float value in x)
            {
                squares += (value - mean) * (value - mean);
            }

            double inverse = 1 / Math.Sqrt((squares / Hidden) + Epsilon);
            for (int i = 0; i < Hidden; i++)
            {
                _output[(row * Hidden) + i] = (float)(((x[i] - mean) * inverse * _weight[i]) + _bias[i]);
            }
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel() => LayerNorm.Forward(
        _engine, new LayerNormArrays { X = _x, Weight = _weight, Bias = _bias, Output = _output }, Epsilon);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
