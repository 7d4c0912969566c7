using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class RopeTests : KernelFixture
{
    private const int Rows = 4;
    private const int Positions = 6;
    private static readonly RopeHeads Heads = new(3, 2, 10);
    private static readonly int Columns = (3 + (2 * 2)) * 10;
    private static readonly int[] Places = [0, 5, 1, 3];
    private static readonly float[] X = RandomFloats(Rows * Columns, 1, -2, 2);
    private static readonly float[] OutputGradient = RandomFloats(Rows * Columns, 2, -1, 1);
    private static readonly float[] Cosines = Table(Math.Cos);
    private static readonly float[] Sines = Table(Math.Sin);
    private static readonly float[] QueryNorm = RandomFloats(10, 3, -2, 2);
    private static readonly float[] KeyNorm = RandomFloats(10, 4, -2, 2);

    [TestCase(false)]
    [TestCase(true)]
    public void Heads_are_normed_and_turned_as_in_double(bool normed)
    {
        float[] output = [.. X];
        ushort[] bits = new ushort[X.Length];
        float[] inverse = new float[normed ? Rows * 5 : 0];
        Forward(output, output, normed, bits, inverse);
        AssertClose(output, Plain([.. X], [.. QueryNorm], [.. KeyNorm], normed), 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
        for (int i = 0; i < inverse.Length; i++)
        {
            int first = (i / 5 * Columns) + (i % 5 * 10);
            Assert.That(inverse[i], Is.EqualTo(1 / Rms([.. X], first)).Within(1e-6));
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Gradients_equal_central_differences(bool normed)
    {
        float[] inverse = new float[normed ? Rows * 5 : 0];
        Forward(X, new float[X.Length], normed, default, inverse);
        float[] inputGradient = new float[X.Length];
        float[] queryGradient = new float[normed ? 10 : 0];
        float[] keyGradient = new float[normed ? 10 : 0];
        Rope.Backward(
            Engine,
            Heads,
            new RopeGradients
            {
                Output = OutputGradient,
                Positions = Places,
                Cosines = Cosines,
                Sines = Sines,
                QueryNorm = normed ? QueryNorm : default,
                KeyNorm = normed ? KeyNorm : default,
                X = normed ? X : default,
                InverseRms = inverse,
                Input = inputGradient,
                QueryNormGradient = queryGradient,
                KeyNormGradient = keyGradient,
                Workspace = new float[Rope.BackwardWorkspace(Rows, Heads)],
            });
        double[] x = [.. X];
        double[] query = [.. QueryNorm];
        double[] key = [.. KeyNorm];
        AssertClose(inputGradient, Differences(x, () => Loss(x, query, key, normed)), 1e-5);
        if (normed)
        {
            AssertClose(queryGradient, Differences(query, () => Loss(x, query, key, normed)), 1e-5);
            AssertClose(keyGradient, Differences(key, () => Loss(x, query, key, normed)), 1e-5);
        }
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[X.Length];
        Assert.That(() => Turn(Heads with { Size = 9 }, output), Refuses("Size"));
        Assert.That(() => Turn(Heads with { Queries = 0 }, output), Refuses("Queries"));
        Assert.That(() => Turn(Heads with { KeyValues = 1 }, output), Refuses("X"));
        Assert.That(() => Turn(Heads, []), Refuses("Output"));
        Assert.That(() => Turn(Heads, output, Sines.AsSpan(1).ToArray()), Refuses("Sines"));
        Assert.That(() => Turn(Heads, output, Sines, QueryNorm), Refuses("KeyNorm"));
        Assert.That(
            () => Rope.Forward(
                Engine,
                Heads,
                new RopeArrays { X = X, Positions = [0, 1, 6, 0], Cosines = Cosines, Sines = Sines, Output = output }),
            Throws.ArgumentException.With.Message.Contains("position[2]"));

        void Turn(RopeHeads heads, float[] to, float[]? sines = null, float[]? query = null) => Rope.Forward(
            Engine,
            heads,
            new RopeArrays
            {
                X = X,
                Positions = Places,
                Cosines = Cosines,
                Sines = sines ?? Sines,
                QueryNorm = query,
                Output = to,
            });
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[X.Length];
        Assert.That(AllocatedBy(() => Forward(X, output, true, default, default)), Is.Zero);
    }

    private static float[] Table(Func<double, double> function) =>
        Floats(Enumerable.Range(0, Positions * 5).Select(i => function(i / 5 * Math.Pow(100, -(i % 5) / 5.0))));

    private static double Rms(double[] x, int first) =>
        Math.Sqrt(x.Skip(first).Take(10).Average(value => value * value) + 0.01);

    private static double[] Plain(double[] x, double[] query, double[] key, bool normed)
    {
        double[] output = [.. x];
        for (int head = 0; head < Rows * 7; head++)
        {
            if (head % 7 >= 5)
            {
                continue;
            }

            double[] weight = head % 7 < 3 ? query : key;
            double scale = normed ? 1 / Rms(x, head * 10) : 1;
            for (int i = 0; i < 5; i++)
            {
                int at = (head * 10) + i;
                double low = x[at] * scale * (normed ? weight[i] : 1);
                double high = x[at + 5] * scale * (normed ? weight[i + 5] : 1);
                double cos = Cosines[(Places[head / 7] * 5) + i];
                double sin = Sines[(Places[head / 7] * 5) + i];
                output[at] = (low * cos) - (high * sin);
                output[at + 5] = (high * cos) + (low * sin);
            }
        }

        return output;
    }

    private static double Loss(double[] x, double[] query, double[] key, bool normed) =>
        Plain(x, query, key, normed).Zip(OutputGradient, (output, gradient) => output * gradient).Sum();

    private static double[] Differences(double[] x, Func<double> loss)
    {
        double[] gradient = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double kept = x[i];
            x[i] = kept + 1e-5;
            double above = loss();
            x[i] = kept - 1e-5;
            gradient[i] = (above - loss()) / 2e-5;
            x[i] = kept;
        }

        return gradient;
    }

    private void Forward(float[] x, float[] output, bool normed, ushort[]? bits, float[]? inverse) => Rope.Forward(
        Engine,
        Heads,
        new RopeArrays
        {
            X = x,
            Positions = Places,
            Cosines = Cosines,
            Sines = Sines,
            QueryNorm = normed ? QueryNorm : default,
            KeyNorm = normed ? KeyNorm : default,
            Output = output,
            OutputBf16 = bits,
            InverseRms = inverse,
        },
        0.01);
}
