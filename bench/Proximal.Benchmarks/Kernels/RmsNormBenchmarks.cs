using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Residual sum, norm and the norm's gradients of a model's rows: the engine's kernels beside the loops that one would write in C#.</summary>
public class RmsNormBenchmarks : IDisposable
{
    private const int Hidden = 576;
    private const double Epsilon = 1e-5;
    private readonly Engine _engine = new();
    private float[] _x = [];
    private float[] _delta = [];
    private float[] _weight = [];
    private float[] _sum = [];
    private float[] _output = [];
    private float[] _inverse = [];
    private float[] _weightGradient = [];
    private float[] _workspace = [];

    /// <summary>Tokens; a row of 576 entries each.</summary>
    [Params(1024, 16384)]
    public int Rows { get; set; }

    /// <summary>Draws rows.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _x = Draw(random, Rows * Hidden);
        _delta = Draw(random, Rows * Hidden);
        _weight = Draw(random, Hidden);
        _sum = new float[Rows * Hidden];
        _output = new float[Rows * Hidden];
        _inverse = new float[Rows];
        _weightGradient = new float[Hidden];
        _workspace = new float[RmsNorm.BackwardWorkspace(Rows, Hidden)];
    }

    /// <summary>Straightforward managed code, sums in double.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int row = 0; row < Rows; row++)
        {
            Span<float> sum = _sum.AsSpan(row * Hidden, Hidden);
            double squares = 0;
            for (int i = 0; i < Hidden; i++)
            {
                sum[i] = _x[(row * Hidden) + i] + _delta[(row * Hidden) + i];
                squares += (double)sum[i] * sum[i];
            }

            float inverse = (float)(1 / Math.Sqrt((squares / Hidden) + Epsilon));
            for (int i = 0; i < Hidden; i++)
            {
                _output[(row * Hidden) + i] = sum[i] * inverse * _weight[i];
            }
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public void Kernel() => RmsNorm.Forward(
        _engine,
        new RmsNormArrays { X = _x, Delta = _delta, Weight = _weight, Sum = _sum, Output = _output, InverseRms = _inverse });

    /// <summary>The engine's kernel of the backward pass, into the gradient of a residual stream.</summary>
    [Benchmark]
    public void KernelBackward() => RmsNorm.Backward(
        _engine,
        new RmsNormGradients
        {
            X = _x,
            Weight = _weight,
            InverseRms = _inverse,
            Output = _delta,
            Input = _output,
            WeightGradient = _weightGradient,
            Workspace = _workspace,
        },
        add: true);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
