using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class AttentionTests : KernelFixture
{
    private const int Size = 6;
    private const int Row = (4 + (2 * 2)) * Size;
    private static readonly AttentionOptions Options = new() { Queries = 4, KeyValues = 2, HeadSize = Size, Window = 5 };
    private static readonly long[] Lengths = [0, 7, 7, 8, 12];
    private static readonly float[] Rows = RandomFloats(12 * Row, 1, -2, 2);
    private static readonly float[] OutputGradient = RandomFloats(12 * 4 * Size, 2, -1, 1);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(5)]
    public void Rows_mix_the_values_they_see_as_in_double(int window)
    {
        AttentionOptions options = Options with { Window = window };
        float[] output = new float[12 * 4 * Size];
        ushort[] bits = new ushort[output.Length];
        float[] lse = new float[12 * 4];
        Forward(options, output, lse, bits);
        double[] expected = new double[output.Length];
        double[] expectedLse = new double[lse.Length];
        Plain([.. Rows], options, expected, expectedLse);
        AssertClose(output, expected, 1e-6);
        AssertClose(lse, expectedLse, 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
    }

    [Test]
    public void In_bf16_only_the_operands_are_rounded()
    {
        float[] output = new float[12 * 4 * Size];
        Forward(Options with { Bf16 = true }, output, new float[12 * 4]);
        double[] expected = new double[output.Length];
        double[] rounded = [.. Rows.Select(value => (double)BitConverter.UInt32BitsToSingle((uint)Bf16(value) << 16))];
        Plain(rounded, Options, expected, new double[12 * 4]);
        AssertClose(output, expected, 6e-3);
    }

    [TestCase(0)]
    [TestCase(3)]
    public void Gradients_equal_central_differences(int window)
    {
        AttentionOptions options = Options with { Window = window };
        float[] gradient = Backward(options);
        double[] x = [.. Rows];
        double[] expected = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double kept = x[i];
            x[i] = kept + 1e-5;
            double above = Loss(x, options);
            x[i] = kept - 1e-5;
            expected[i] = (above - Loss(x, options)) / 2e-5;
            x[i] = kept;
        }

        AssertClose(gradient, expected, 1e-5);
    }

    [Test]
    public void A_sequence_has_the_same_bits_alone_and_among_others()
    {
        float[] output = new float[12 * 4 * Size];
        Forward(Options, output, new float[12 * 4]);
        float[] alone = new float[7 * 4 * Size];
        Attention.Forward(
            Engine,
            Options,
            new AttentionArrays
            {
                Offsets = [0, 7],
                Rows = Rows.AsSpan(0, 7 * Row),
                Output = alone,
                Workspace = new float[Attention.Workspace(Engine, Options, [0, 7])],
            });
        Assert.That(alone, Is.EqualTo(output[..alone.Length]));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[12 * 4 * Size];
        float[] lse = new float[12 * 4];
        Assert.That(() => Forward(Options with { Queries = 0 }, output, lse), Refuses("Queries"));
        Assert.That(() => Forward(Options with { KeyValues = 3 }, output, lse), Refuses("KeyValues"));
        Assert.That(() => Forward(Options with { HeadSize = 0 }, output, lse), Refuses("HeadSize"));
        Assert.That(() => Forward(Options with { Window = -1 }, output, lse), Refuses("Window"));
        Assert.That(() => Forward(Options with { Scale = 0 }, output, lse), Refuses("Scale"));
        Assert.That(() => Forward(Options with { HeadSize = 5 }, output, lse), Refuses("Rows"));
        Assert.That(() => Forward(Options, [], lse), Refuses("Output"));
        Assert.That(() => Forward(Options, output, new float[3]), Refuses("LogSumExp"));
        Assert.That(() => Forward(Options, output, lse, workspace: 8), Refuses("Workspace"));
        Assert.That(() => Backward(Options, gradient: 3), Refuses("RowsGradient"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[12 * 4 * Size];
        float[] lse = new float[12 * 4];
        float[] workspace = new float[Attention.Workspace(Engine, Options, Lengths)];
        Assert.That(
            AllocatedBy(() => Attention.Forward(
                Engine,
                Options,
                new AttentionArrays { Offsets = Lengths, Rows = Rows, Output = output, LogSumExp = lse, Workspace = workspace })),
            Is.Zero);
    }

    /// <summary>The definition, row by row.</summary>
    private static void Plain(double[] x, AttentionOptions options, double[] output, double[] lse)
    {
        for (int s = 0; s + 1 < Lengths.Length; s++)
        {
            for (long i = Lengths[s]; i < Lengths[s + 1]; i++)
            {
                long first = options.Window > 0 ? Math.Max(Lengths[s], i - options.Window + 1) : Lengths[s];
                for (int h = 0; h < 4; h++)
                {
                    int key = 4 + (h / 2);
                    double[] weights = [.. Seen(first, i).Select(j => Math.Exp(Dot(x, i, h, j, key) / Math.Sqrt(Size)))];
                    lse[(i * 4) + h] = Math.Log(weights.Sum());
                    for (int d = 0; d < Size; d++)
                    {
                        output[(((i * 4) + h) * Size) + d] = Seen(first, i)
                            .Sum(j => weights[j - first] / weights.Sum() * x[(j * Row) + ((key + 2) * Size) + d]);
                    }
                }
            }
        }
    }

    private static IEnumerable<long> Seen(long first, long last) =>
        Enumerable.Range(0, (int)(last - first + 1)).Select(j => first + j);

    private static double Dot(double[] x, long row, int head, long otherRow, int otherHead) => Enumerable.Range(0, Size)
        .Sum(d => x[(row * Row) + (head * Size) + d] * x[(otherRow * Row) + (otherHead * Size) + d]);

    private static double Loss(double[] x, AttentionOptions options)
    {
        double[] output = new double[12 * 4 * Size];
        Plain(x, options, output, new double[12 * 4]);
        return output.Zip(OutputGradient, (value, gradient) => value * gradient).Sum();
    }

    private void Forward(AttentionOptions options, float[] output, float[] lse, ushort[]? bits = null, int? workspace = null) =>
        Attention.Forward(
            Engine,
            options,
            new AttentionArrays
            {
                Offsets = Lengths,
                Rows = Rows,
                Output = output,
                OutputBf16 = bits,
                LogSumExp = lse,
                Workspace = new float[workspace ?? Attention.Workspace(Engine, options, Lengths)],
            });

    private float[] Backward(AttentionOptions options, int? gradient = null)
    {
        float[] output = new float[12 * 4 * Size];
        float[] lse = new float[12 * 4];
        Forward(options, output, lse);
        float[] result = new float[gradient ?? Rows.Length];
        Attention.Backward(
            Engine,
            options,
            new AttentionGradients
            {
                Offsets = Lengths,
                Rows = Rows,
                Output = output,
                LogSumExp = lse,
                OutputGradient = OutputGradient,
                RowsGradient = result,
                Workspace = new float[Attention.Workspace(Engine, options, Lengths)],
            });
        return result;
    }
}
