using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>DPO with its gradient by token: the engine's kernel beside the loop that one would write in C#.</summary>
public class PreferenceLossBenchmarks : IDisposable
{
    private const int Length = 256;
    private const double Beta = 0.1;
    private readonly Engine _engine = new();
    private long[] _offsets = [];
    private float[] _logProbs = [];
    private float[] _references = [];
    private float[] _gradients = [];

    /// <summary>Pairs of answers of 256 tokens.</summary>
    [Params(8, 2048)]
    public int Pairs { get; set; }

    /// <summary>Draws answers.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _offsets = [.. Enumerable.Range(0, (2 * Pairs) + 1).Select(i => (long)i * Length)];
        _logProbs = [.. Enumerable.Range(0, 2 * Pairs * Length).Select(_ => -3 * random.NextSingle())];
        _references = [.. _logProbs.Select(logProb => logProb + (0.2f * (random.NextSingle() - 0.5f)))];
        _gradients = new float[_logProbs.Length];
    }

    /// <summary>Straightforward managed code in double.</summary>
    [Benchmark(Baseline = true)]
    public double Managed()
    {
        double loss = 0;
        for (int pair = 0; pair < Pairs; pair++)
        {
            int chosen = 2 * pair * Length;
            double difference = Beta * (LogRatio(chosen) - LogRatio(chosen + Length));
            double small = Math.Exp(-Math.Abs(difference));
            loss += Math.Max(-difference, 0) + Math.Log(1 + small);
            float pull = (float)(Beta * (difference >= 0 ? small : 1) / (1 + small) / Pairs);
            _gradients.AsSpan(chosen, Length).Fill(-pull);
            _gradients.AsSpan(chosen + Length, Length).Fill(pull);
        }

        return loss / Pairs;
    }

    /// <summary>The engine's kernel, metrics included.</summary>
    [Benchmark]
    public double Kernel()
    {
        var inputs = new PreferenceInputs { Offsets = _offsets, LogProbs = _logProbs, ReferenceLogProbs = _references };
        return PreferenceLoss.Compute(_engine, inputs, PreferenceOptions.Default, Pairs, gradients: _gradients).LossSum / Pairs;
    }

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    private double LogRatio(int begin)
    {
        double sum = 0;
        for (int i = begin; i < begin + Length; i++)
        {
            sum += (double)_logProbs[i] - _references[i];
        }

        return sum;
    }
}
