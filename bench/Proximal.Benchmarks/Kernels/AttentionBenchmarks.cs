using BenchmarkDotNet.Attributes;
using Proximal.Kernels;

namespace Proximal.Benchmarks.Kernels;

/// <summary>Attention over packed sequences: the engine's kernel beside the loops that one would write in C#.</summary>
public class AttentionBenchmarks : IDisposable
{
    private const int Size = 64;
    private const int Row = 15 * Size;
    private readonly Engine _engine = new();
    private AttentionOptions _options = new() { Queries = 9, KeyValues = 3, HeadSize = Size };
    private long[] _offsets = [];
    private float[] _rows = [];
    private float[] _output = [];
    private float[] _lse = [];
    private float[] _outputGradient = [];
    private float[] _rowsGradient = [];
    private float[] _workspace = [];

    /// <summary>Sequences; 9 query heads on 3 key heads of 64 each.</summary>
    [Params(4)]
    public int Sequences { get; set; }

    /// <summary>Tokens of a sequence.</summary>
    [Params(256)]
    public int Length { get; set; }

    /// <summary>Whether products are of bf16.</summary>
    [Params(false, true)]
    public bool Bf16 { get; set; }

    /// <summary>Draws rows.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        int tokens = Sequences * Length;
        _options = _options with { Bf16 = Bf16 };
        _offsets = [.. Enumerable.Range(0, Sequences + 1).Select(s => (long)s * Length)];
        _rows = [.. Enumerable.Range(0, tokens * Row).Select(_ => random.NextSingle() - 0.5f)];
        _outputGradient = [.. Enumerable.Range(0, tokens * 9 * Size).Select(_ => random.NextSingle() - 0.5f)];
        _output = new float[_outputGradient.Length];
        _rowsGradient = new float[_rows.Length];
        _lse = new float[tokens * 9];
        _workspace = new float[Attention.Workspace(_engine, _options, _offsets)];
        Forward();
    }

    /// <summary>Straightforward managed code, forward.</summary>
    [Benchmark(Baseline = true)]
    public void Managed()
    {
        float[] weights = new float[Length];
        for (int i = 0; i < Sequences * Length; i++)
        {
            int first = i / Length * Length;
            for (int h = 0; h < 9; h++)
            {
                int key = 9 + (h / 3);
                float sum = 0;
                for (int j = first; j <= i; j++)
                {
                    float score = 0;
                    for (int d = 0; d < Size; d++)
                    {
                        score += _rows[(i * Row) + (h * Size) + d] * _rows[(j * Row) + (key * Size) + d];
                    }

                    weights[j - first] = MathF.Exp(score / 8);
                    sum += weights[j - first];
                }

                Span<float> output = _output.AsSpan(((i * 9) + h) * Size, Size);
                output.Clear();
                for (int j = first; j <= i; j++)
                {
                    float weight = weights[j - first] / sum;
                    for (int d = 0; d < Size; d++)
                    {
                        output[d] += weight * _rows[(j * Row) + ((key + 3) * Size) + d];
                    }
                }
            }
        }
    }

    /// <summary>The engine's kernel, forward.</summary>
    [Benchmark]
    public void Forward() => Attention.Forward(
        _engine,
        _options,
        new AttentionArrays { Offsets = _offsets, Rows = _rows, Output = _output, LogSumExp = _lse, Workspace = _workspace });

    /// <summary>The engine's kernel, backward.</summary>
    [Benchmark]
    public void Backward() => Attention.Backward(
        _engine,
        _options,
        new AttentionGradients
        {
            Offsets = _offsets,
            Rows = _rows,
            Output = _output,
            LogSumExp = _lse,
            OutputGradient = _outputGradient,
            RowsGradient = _rowsGradient,
            Workspace = _workspace,
        });

    /// <summary>Gives the engine up.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }
}
