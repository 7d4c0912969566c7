using BenchmarkDotNet.Attributes;
using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Gradient norm and AdamW update of a parameter range: the engine's kernels beside the loops that one would write in C#.</summary>
public class AdamWBenchmarks : IDisposable
{
    private const double LearningRate = 1e-5;
    private const int Step = 5;
    private static readonly AdamWOptions Options = new();
    private readonly Engine _engine = new();
    private float[] _parameters = [];
    private float[] _gradients = [];
    private float[] _firstMoments = [];
    private float[] _secondMoments = [];

    /// <summary>Parameters of the range.</summary>
    [Params(1 << 16, 1 << 24)]
    public int Parameters { get; set; }

    /// <summary>Draws a range.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _parameters = Draw(random);
        _gradients = Draw(random);
        _firstMoments = Draw(random);
        _secondMoments = [.. Draw(random).Select(x => x * x)];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public double Managed()
    {
        double norm = 0;
        foreach (float g in _gradients)
        {
            norm += (double)g * g;
        }

        double scale = AdamW.ClipCoefficient(Math.Sqrt(norm), 1);
        double correction1 = 1 - Math.Pow(Options.Beta1, Step);
        double correction2 = 1 - Math.Pow(Options.Beta2, Step);
        for (int i = 0; i < Parameters; i++)
        {
            double g = scale * _gradients[i];
            double m = (Options.Beta1 * _firstMoments[i]) + ((1 - Options.Beta1) * g);
            double v = (Options.Beta2 * _secondMoments[i]) + ((1 - Options.Beta2) * g * g);
            _firstMoments[i] = (float)m;
            _secondMoments[i] = (float)v;
            _parameters[i] -= (float)(LearningRate * (m / correction1) / (Math.Sqrt(v / correction2) + Options.Epsilon));
        }

        return norm;
    }

    /// <summary>The engine's kernels.</summary>
    [Benchmark]
    public double Kernel()
    {
        double norm = AdamW.SquaredNorm(_engine, _gradients);
        var arrays = new AdamWArrays { Parameters = _parameters, Gradients = _gradients, FirstMoments = _firstMoments, SecondMoments = _secondMoments };
        AdamW.Step(_engine, arrays, Step, LearningRate, Options, AdamW.ClipCoefficient(Math.Sqrt(norm), 1));
        return norm;
    }

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private float[] Draw(Random random) => [.. Enumerable.Range(0, Parameters).Select(_ => random.NextSingle() - 0.5f)];
}
