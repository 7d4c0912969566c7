using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>
/// The least that a call of a kernel costs from C#: one token each. The same entries are called from C++ by the native program's
/// `call`; the difference is what C# adds.
/// </summary>
[MemoryDiagnoser]
public class CallBenchmarks : IDisposable
{
    private static readonly PolicyLossOptions Options = new();
    private readonly Engine _engine = new();
    private readonly long[] _offsets = [0, 1];
    private readonly float[] _one = [1];
    private readonly float[] _result = [0];
    private readonly ushort[] _rounded = [0];

    /// <summary>Advantage of one token.</summary>
    [Benchmark]
    public void Gae() => Proximal.Kernels.Gae.Compute(_engine, _offsets, _one, _one, default, 1, 1, _result);

    /// <summary>Gradient of one token's policy loss.</summary>
    [Benchmark]
    public PolicyMetrics PolicyLoss()
    {
        var inputs = new PolicyLossInputs { LogProbs = _one, OldLogProbs = _one, Advantages = _one };
        return Proximal.Kernels.PolicyLoss.Compute(_engine, inputs, Options, 1, default, _result);
    }

    /// <summary>One number rounded to bf16.</summary>
    [Benchmark]
    public void Cast() => Proximal.Kernels.Cast.ToBf16(_engine, _one, _rounded);

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
