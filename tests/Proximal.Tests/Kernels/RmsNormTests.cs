using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class RmsNormTests : KernelFixture
{
    private const int Rows = 5;
    private const int Hidden = 37;
    private static readonly float[] X = RandomFloats(Rows * Hidden, 1, -3, 3);
    private static readonly float[] Delta = RandomFloats(Rows * Hidden, 2, -3, 3);
    private static readonly float[] Weight = RandomFloats(Hidden, 3, -2, 2);
    private static readonly float[] OutputGradient = RandomFloats(Rows * Hidden, 4, -1, 1);

    [Test]
    public void Rows_equal_the_norm_in_double_after_the_residual_sum()
    {
        float[] sum = [.. X];
        float[] output = new float[X.Length];
        ushort[] bits = new ushort[X.Length];
        float[] inverse = new float[Rows];
        RmsNorm.Forward(
            Engine,
            new RmsNormArrays
            {
                X = sum,
                Delta = Delta,
                Weight = Weight,
                Sum = sum,
                Output = output,
                OutputBf16 = bits,
                InverseRms = inverse,
            },
            0.01);
        Assert.That(sum, Is.EqualTo(X.Zip(Delta, (x, delta) => x + delta)));
        AssertClose(output, [.. Enumerable.Range(0, X.Length).Select(i => sum[i] * Inverse(sum, i / Hidden) * Weight[i % Hidden])], 1e-6);
        AssertClose(inverse, [.. Enumerable.Range(0, Rows).Select(row => Inverse(sum, row))], 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
    }

    [Test]
    public void Gradients_equal_the_formula_in_double()
    {
        float[] inverse = Floats(Enumerable.Range(0, Rows).Select(row => Inverse(X, row)));
        float[] inputGradient = [.. Delta];
        float[] weightGradient = [.. Weight];
        ushort[] bits = new ushort[X.Length];
        RmsNorm.Backward(
            Engine,
            new RmsNormGradients
            {
                X = X,
                Weight = Weight,
                InverseRms = inverse,
                Output = OutputGradient,
                Input = inputGradient,
                InputBf16 = bits,
                WeightGradient = weightGradient,
                Workspace = new float[RmsNorm.BackwardWorkspace(Rows, Hidden)],
            },
            add: true);
        double[] expected = [.. Delta];
        double[] expectedWeight = [.. Weight];
        for (int row = 0; row < Rows; row++)
        {
            double r = Inverse(X, row);
            double dot = Enumerable.Range(0, Hidden)
                .Sum(i => (double)OutputGradient[(row * Hidden) + i] * Weight[i] * X[(row * Hidden) + i]);
            for (int i = 0; i < Hidden; i++)
            {
                int at = (row * Hidden) + i;
                expected[at] += r * (((double)OutputGradient[at] * Weight[i]) - (X[at] * r * r * dot / Hidden));
                expectedWeight[i] += (double)OutputGradient[at] * X[at] * r;
            }
        }

        AssertClose(inputGradient, expected, 1e-6);
        AssertClose(weightGradient, expectedWeight, 1e-6);
        Assert.That(bits, Is.EqualTo(inputGradient.Select(Bf16)));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[X.Length];
        Assert.That(() => Forward(X.AsSpan(1).ToArray(), Weight, output), Refuses("X"));
        Assert.That(() => Forward(X, [], output), Refuses("Weight"));
        Assert.That(() => Forward(X, Weight, new float[3]), Refuses("Output"));
        Assert.That(() => Forward(X, Weight, []), Refuses("Output"));
        Assert.That(() => Forward(X, Weight, output, epsilon: 0), Refuses("epsilon"));
        Assert.That(
            () => RmsNorm.Forward(Engine, new RmsNormArrays { X = X, Delta = Delta, Weight = Weight, Output = output }),
            Refuses("Sum"));
        Assert.That(
            () => RmsNorm.Backward(
                Engine,
                new RmsNormGradients
                {
                    X = X,
                    Weight = Weight,
                    InverseRms = new float[Rows],
                    Output = OutputGradient,
                    Input = output,
                    WeightGradient = new float[Hidden],
                }),
            Refuses("Workspace"));
        Assert.That(() => RmsNorm.BackwardWorkspace(1, 0), Refuses("hidden"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[X.Length];
        Assert.That(AllocatedBy(() => Forward(X, Weight, output)), Is.Zero);
    }

    private static double Inverse(float[] x, int row) =>
        1 / Math.Sqrt(x.Skip(row * Hidden).Take(Hidden).Average(value => (double)value * value) + 0.01);

    private void Forward(float[] x, float[] weight, float[] output, double epsilon = 1e-5) =>
        RmsNorm.Forward(Engine, new RmsNormArrays { X = x, Weight = weight, Output = output }, epsilon);
}
