using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>GRPO's advantages: the engine's kernel beside the loop that one would write in C#.</summary>
public class GroupAdvantageBenchmarks : IDisposable
{
    private const int Size = 8;
    private readonly Engine _engine = new();
    private long[] _offsets = [];
    private float[] _scores = [];
    private float[] _advantages = [];

    /// <summary>Prompts with eight answers each.</summary>
    [Params(64, 1 << 17)]
    public int Groups { get; set; }

    /// <summary>Draws scores.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _offsets = [.. Enumerable.Range(0, Groups + 1).Select(group => (long)group * Size)];
        _scores = [.. Enumerable.Range(0, Groups * Size).Select(_ => random.NextSingle())];
        _advantages = new float[_scores.Length];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int begin = 0; begin < _scores.Length; begin += Size)
        {
            double sum = 0;
            for (int i = begin; i < begin + Size; i++)
            {
                sum += _scores[i];
            }

            double squares = 0;
            for (int i = begin; i < begin + Size; i++)
            {
                squares += (_scores[i] - (sum / Size)) * (_scores[i] - (sum / Size));
            }

            double scale = 1 / (Math.Sqrt(squares / (Size - 1)) + 1e-6);
            for (int i = begin; i < begin + Size; i++)
            {
                _advantages[i] = (float)((_scores[i] - (sum / Size)) * scale);
            }
        }
    }

    /// <summary>The engine's kernel, metrics included.</summary>
    [Benchmark]
    public double Kernel() =>
        GroupAdvantage.Compute(_engine, _offsets, _scores, [], GroupAdvantageOptions.Grpo, _advantages).ScoreSum;

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
