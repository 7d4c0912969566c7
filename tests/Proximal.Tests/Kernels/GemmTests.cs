using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Models;

namespace Proximal.Tests.Kernels;

public sealed class GemmTests : KernelFixture
{
    // Float sums of up to 259 products below 1; seen: 2.2e-6.
    private const double SumTolerance = 1e-5;
    private static readonly int[] Sizes = [1, 2, 3, 7, 16, 17, 31, 64, 65, 130];

    [Test]
    public void Products_of_floats_equal_those_in_double()
    {
        foreach (int n in Sizes)
        {
            int m = (n % 9) + 1;
            int k = 2 * n - 1;
            float[] x = RandomFloats(m * k, 1, -1, 1);
            float[] w = RandomFloats(n * k, 2, -1, 1);
            float[] got = new float[m * n];
            Gemm.Multiply(Engine, x, Pack(w, n, k, TensorType.Float32), new GemmOutputs { Output = got });
            AssertClose(got, Product(x, w, m, n, k), SumTolerance);
        }
    }

    [Test]
    public void Products_of_bf16_equal_those_in_double()
    {
        foreach (int n in Sizes)
        {
            int m = (n % 9) + 1;
            int k = n + 2;
            ushort[] x = Rounded(RandomFloats(m * k, 1, -1, 1));
            ushort[] w = Rounded(RandomFloats(n * k, 2, -1, 1));
            var packed = new PackedWeights(n, k, TensorType.BFloat16);
            packed.Write(Engine, w);
            float[] got = new float[m * n];
            Gemm.Multiply(Engine, x, packed, new GemmOutputs { Output = got });
            AssertClose(got, Product(Widened(x), Widened(w), m, n, k), SumTolerance);
        }
    }

    [Test]
    public void Bias_and_residual_are_added_and_results_are_rounded()
    {
        float[] x = RandomFloats(3 * 5, 1, -1, 1);
        float[] w = RandomFloats(7 * 5, 2, -1, 1);
        float[] bias = RandomFloats(7, 3, -1, 1);
        float[] stream = RandomFloats(3 * 7, 4, -1, 1);
        double[] expected = [.. Product(x, w, 3, 7, 5).Select((y, i) => y + bias[i % 7] + stream[i])];
        ushort[] rounded = new ushort[3 * 7];
        Gemm.Multiply(
            Engine,
            x,
            Pack(w, 7, 5, TensorType.Float32),
            new GemmOutputs { Output = stream, OutputBf16 = rounded, Residual = stream, Bias = bias });
        AssertClose(stream, expected, 1e-6);
        Assert.That(rounded, Is.EqualTo(Rounded(stream)));
    }

    [TestCase(Activation.Gelu)]
    [TestCase(Activation.GeluErf)]
    [TestCase(Activation.Silu)]
    public void Sums_are_activated_by_the_bits_of_the_kernel_of_that_name(Activation activation)
    {
        const int Columns = 70;
        float[] x = RandomFloats(9 * 5, 1, -2, 2);
        PackedWeights weights = Pack(RandomFloats(Columns * 5, 2, -1, 1), Columns, 5, TensorType.Float32);
        float[] sums = Multiply(x, weights);
        float[] expected = new float[sums.Length];
        ushort[] expectedBits = new ushort[sums.Length];
        ushort[] expectedOfBits = new ushort[sums.Length];
        if (activation == Activation.Silu)
        {
            float[] ones = [.. Enumerable.Repeat(1f, Columns)];
            float[] pairs = [.. sums.Chunk(Columns).SelectMany(row => row.Concat(ones))];
            SwiGlu.Forward(Engine, Columns, pairs, expected, expectedBits);
            SwiGlu.Forward(Engine, Columns, Exact(pairs), [], expectedOfBits);
        }
        else
        {
            bool exact = activation == Activation.GeluErf;
            Gelu.Forward(Engine, sums, expected, expectedBits, exact);
            Gelu.Forward(Engine, Exact(sums), [], expectedOfBits, exact);
        }

        float[] got = new float[sums.Length];
        ushort[] bits = new ushort[sums.Length];
        ushort[] bitsAlone = new ushort[sums.Length];
        Gemm.Multiply(Engine, x, weights, new GemmOutputs { Output = got, OutputBf16 = bits, Activation = activation });
        Gemm.Multiply(Engine, x, weights, new GemmOutputs { OutputBf16 = bitsAlone, Activation = activation });
        Assert.Multiple(() =>
        {
            Assert.That(got, Is.EqualTo(expected));
            Assert.That(bits, Is.EqualTo(expectedBits));
            Assert.That(bitsAlone, Is.EqualTo(expectedOfBits));
        });
    }

    [TestCase(TensorType.Float32)]
    [TestCase(TensorType.BFloat16)]
    public void A_rows_bits_are_its_own(TensorType type)
    {
        const int K = 70;
        const int N = 100;
        float[] x = RandomFloats(257 * K, 1, -1, 1);
        PackedWeights weights = Pack(RandomFloats(N * K, 2, -1, 1), N, K, type);
        float[] all = Multiply(x, weights);
        foreach (int m in new[] { 1, 2, 3, 7, 8, 31, 64 })
        {
            Assert.That(Multiply(x[^(m * K)..], weights), Is.EqualTo(all[^(m * N)..]), $"{m} rows");
        }
    }

    [TestCase(TensorType.Float32)]
    [TestCase(TensorType.BFloat16)]
    public void Gradients_of_rows_and_of_weights(TensorType type)
    {
        const int M = 9;
        const int N = 34;
        const int K = 21;
        float[] x = Exact(RandomFloats(M * K, 1, -1, 1));
        float[] w = Exact(RandomFloats(N * K, 2, -1, 1));
        float[] dy = Exact(RandomFloats(M * N, 3, -1, 1));

        // dx = dy w: "weights" [K, N], given as [N, K].
        AssertClose(Multiply(dy, Pack(w, K, N, type, transposed: true)), Product(dy, Transposed(w, N, K), M, K, N), 1e-5);

        // dw += dyᵀ x.
        float[] dw = RandomFloats(N * K, 4, -1, 1);
        double[] expected = [.. Product(Transposed(dy, M, N), Transposed(x, M, K), N, K, M).Select((y, i) => y + dw[i])];
        PackedWeights inputs = Pack(x, K, M, type, transposed: true);
        var sum = new GemmOutputs { Output = dw, Residual = dw };
        if (type == TensorType.Float32)
        {
            Gemm.MultiplyColumns(Engine, dy, inputs, sum);
        }
        else
        {
            uint[] pairs = new uint[(M + 1) / 2 * N];
            uint[] same = new uint[pairs.Length];
            Gemm.Interleave(Engine, Rounded(dy), M, pairs);
            Gemm.Interleave(Engine, dy, M, same);
            Assert.That(same, Is.EqualTo(pairs));
            Gemm.MultiplyColumns(Engine, pairs, inputs, sum);
        }

        AssertClose(dw, expected, 1e-5);
    }

    [Test]
    public void Nothing_that_is_not_finite_leaves_its_row()
    {
        float[] x = [1, 2, float.NaN, 4, 5, 6];
        float[] got = Multiply(x, Pack([1, 1], 1, 2, TensorType.Float32));
        Assert.That(got, Is.EqualTo(new[] { 3, float.NaN, 11 }));
    }

    [Test]
    public void Weights_that_nobody_wrote_are_zeros() =>
        Assert.That(Multiply([1, 2], new PackedWeights(3, 2, TensorType.Float32)), Is.EqualTo(new float[3]));

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var floats = new PackedWeights(2, 3, TensorType.Float32);
        var halves = new PackedWeights(2, 3, TensorType.BFloat16);
        float[] six = new float[6];
        float[] four = new float[4];
        Assert.Multiple(() =>
        {
            Refused(() => _ = new PackedWeights(0, 1, TensorType.Float32), "outputs");
            Refused(() => _ = new PackedWeights(1, 0, TensorType.Float32), "inputs");
            Refused(() => _ = new PackedWeights(1, 1, TensorType.Float16), "type");
            Refused(() => _ = new PackedWeights(int.MaxValue, int.MaxValue, TensorType.Float32), "outputs");
            Refused(() => floats.Write(Engine, four), "weights");
            Refused(() => Gemm.Multiply(Engine, four, floats, new GemmOutputs { Output = four }), "rows");
            Refused(() => Gemm.Multiply(Engine, six, halves, new GemmOutputs { Output = four }), "weights");
            Refused(() => Gemm.Multiply(Engine, new ushort[6], floats, new GemmOutputs { Output = four }), "weights");
            Refused(() => Gemm.Multiply(Engine, six, floats, default), "outputs");
            Refused(() => Gemm.Multiply(Engine, six, floats, new GemmOutputs { Output = six }), "Output");
            Refused(() => Gemm.Multiply(Engine, six, floats, new GemmOutputs { OutputBf16 = new ushort[1] }), "OutputBf16");
            Refused(() => Gemm.Multiply(Engine, six, floats, new GemmOutputs { Output = four, Bias = six }), "Bias");
            Refused(() => Gemm.Multiply(Engine, six, floats, new GemmOutputs { Output = four, Residual = six }), "Residual");
            Refused(() => Gemm.MultiplyColumns(Engine, four, floats, new GemmOutputs { Output = four }), "columns");
            Refused(() => Gemm.MultiplyColumns(Engine, new uint[3], halves, new GemmOutputs { Output = four }), "pairs");
            Refused(() => Gemm.Interleave(Engine, six, 4, new uint[4]), "columns");
            Refused(() => Gemm.Interleave(Engine, six, 3, new uint[3]), "pairs");
            Assert.That(() => floats.Write(Engine, new ushort[6]), Throws.InvalidOperationException);
        });
    }

    [Test]
    public void Products_allocate_nothing()
    {
        var weights = new PackedWeights(16, 8, TensorType.Float32);
        float[] x = new float[8];
        float[] y = new float[16];
        Assert.That(AllocatedBy(() => Gemm.Multiply(Engine, x, weights, new GemmOutputs { Output = y })), Is.Zero);
    }

    private static void Refused(TestDelegate call, string named) =>
        Assert.That(call, Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(named));

    /// <summary>x [M, K] times w [N, K], in double.</summary>
    private static double[] Product(float[] x, float[] w, int m, int n, int k)
    {
        double[] y = new double[m * n];
        for (int i = 0; i < m * n; i++)
        {
            for (int j = 0; j < k; j++)
            {
                y[i] += (double)x[(i / n * k) + j] * w[(i % n * k) + j];
            }
        }

        return y;
    }

    private static float[] Transposed(float[] x, int rows, int columns) =>
        [.. Enumerable.Range(0, rows * columns).Select(i => x[(i % rows * columns) + (i / rows)])];

    private static ushort[] Rounded(float[] x) => [.. x.Select(value =>
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    })];

    private static float[] Widened(ushort[] x) => [.. x.Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];

    /// <summary>The nearest numbers that bf16 has.</summary>
    private static float[] Exact(float[] x) => Widened(Rounded(x));

    private PackedWeights Pack(float[] w, int outputs, int inputs, TensorType type, bool transposed = false)
    {
        var packed = new PackedWeights(outputs, inputs, type);
        packed.Write(Engine, w, transposed);
        return packed;
    }

    private float[] Multiply(float[] x, PackedWeights weights)
    {
        float[] y = new float[x.Length / weights.Inputs * weights.Outputs];
        var outputs = new GemmOutputs { Output = y };
        if (weights.Type == TensorType.Float32)
        {
            Gemm.Multiply(Engine, x, weights, outputs);
        }
        else
        {
            Gemm.Multiply(Engine, Rounded(x), weights, outputs);
        }

        return y;
    }
}
