using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>The clipped policy loss with its gradient: the engine's kernel beside the loop that one would write in C#.</summary>
public class PolicyLossBenchmarks : IDisposable
{
    private readonly Engine _engine = new();
    private float[] _logProbs = [];
    private float[] _oldLogProbs = [];
    private float[] _advantages = [];
    private float[] _gradients = [];

    /// <summary>Tokens of the minibatch.</summary>
    [Params(4096, 1 << 20)]
    public int Tokens { get; set; }

    /// <summary>Draws a minibatch.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _oldLogProbs = [.. Enumerable.Range(0, Tokens).Select(_ => -3 * random.NextSingle())];
        _logProbs = [.. _oldLogProbs.Select(logProb => logProb + (0.4f * (random.NextSingle() - 0.5f)))];
        _advantages = [.. Enumerable.Range(0, Tokens).Select(_ => (2 * random.NextSingle()) - 1)];
        _gradients = new float[Tokens];
    }

    /// <summary>Straightforward managed code in double: loss and gradient, none of the kernel's metrics.</summary>
    [Benchmark(Baseline = true)]
    public double Managed()
    {
        double loss = 0;
        for (int i = 0; i < Tokens; i++)
        {
            double advantage = _advantages[i];
            double ratio = Math.Exp(Math.Clamp((double)_logProbs[i] - _oldLogProbs[i], -20, 20));
            double unclipped = -advantage * ratio;
            double clipped = -advantage * Math.Clamp(ratio, 0.8, 1.2);
            bool bounded = advantage < 0 && Math.Max(unclipped, clipped) > -advantage * 3;
            loss += bounded ? -advantage * 3 : Math.Max(unclipped, clipped);
            _gradients[i] = bounded || clipped > unclipped ? 0 : (float)(unclipped / Tokens);
        }

        return loss / Tokens;
    }

    /// <summary>The engine's kernel, metrics included.</summary>
    [Benchmark]
    public double Kernel()
    {
        var inputs = new PolicyLossInputs { LogProbs = _logProbs, OldLogProbs = _oldLogProbs, Advantages = _advantages };
        return PolicyLoss.Compute(_engine, inputs, PolicyLossOptions.Default, Tokens, gradients: _gradients).LossSum / Tokens;
    }

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
