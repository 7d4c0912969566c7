using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Rows of a table and their gradient: the engine's kernels beside the loops that one would write in C#.</summary>
public class EmbeddingBenchmarks : IDisposable
{
    private const int Hidden = 576;
    private const int Vocabulary = 49152;
    private readonly Engine _engine = new();
    private readonly float[] _table = new float[Vocabulary * Hidden];
    private int[] _tokens = [];
    private float[] _rows = [];

    /// <summary>Tokens.</summary>
    [Params(1024, 16384)]
    public int Tokens { get; set; }

    /// <summary>Draws tokens.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _tokens = [.. Enumerable.Range(0, Tokens).Select(_ => random.Next(Vocabulary))];
        _rows = new float[Tokens * Hidden];
    }

    /// <summary>Straightforward managed code: rows, and their gradient.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        for (int n = 0; n < Tokens; n++)
        {
            _table.AsSpan(_tokens[n] * Hidden, Hidden).CopyTo(_rows.AsSpan(n * Hidden));
        }

        for (int n = 0; n < Tokens; n++)
        {
            for (int i = 0; i < Hidden; i++)
            {
                _table[(_tokens[n] * Hidden) + i] += _rows[(n * Hidden) + i];
            }
        }
    }

    /// <summary>The engine's kernels.</summary>
    [Benchmark]
    public void Kernel()
    {
        Embedding.Forward(_engine, Hidden, new EmbeddingArrays { Tokens = _tokens, Table = _table, Output = _rows });
        Embedding.Backward(_engine, Hidden, _tokens, _rows, _table);
    }

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
