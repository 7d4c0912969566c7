using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class LayerNormTests : KernelFixture
{
    private const int Rows = 5;
    private const int Hidden = 37;
    private static readonly float[] X = RandomFloats(Rows * Hidden, 1, -3, 3);
    private static readonly float[] Delta = RandomFloats(Rows * Hidden, 2, -3, 3);
    private static readonly float[] Weight = RandomFloats(Hidden, 3, -2, 2);
    private static readonly float[] Bias = RandomFloats(Hidden, 4, -2, 2);
    private static readonly float[] OutputGradient = RandomFloats(Rows * Hidden, 5, -1, 1);

    [Test]
    public void Rows_equal_the_norm_in_double_after_the_residual_sum()
    {
        float[] sum = new float[X.Length];
        float[] output = new float[X.Length];
        ushort[] bits = new ushort[X.Length];
        float[] mean = new float[Rows];
        float[] inverse = new float[Rows];
        LayerNorm.Forward(
            Engine,
            new LayerNormArrays
            {
                X = X,
                Delta = Delta,
                Weight = Weight,
                Bias = Bias,
                Sum = sum,
                Output = output,
                OutputBf16 = bits,
                Mean = mean,
                InverseDeviation = inverse,
            },
            0.01);
        Assert.That(sum, Is.EqualTo(X.Zip(Delta, (x, delta) => x + delta)));
        AssertClose(output, [.. Enumerable.Range(0, X.Length).Select(i => (Normed(sum, i) * Weight[i % Hidden]) + Bias[i % Hidden])], 1e-6);
        AssertClose(mean, [.. Enumerable.Range(0, Rows).Select(row => Moments(sum, row).Mean)], 1e-6);
        AssertClose(inverse, [.. Enumerable.Range(0, Rows).Select(row => Moments(sum, row).Inverse)], 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
    }

    [Test]
    public void Gradients_equal_the_formula_in_double()
    {
        float[] inputGradient = [.. Delta];
        float[] weightGradient = [.. Weight];
        float[] biasGradient = [.. Bias];
        LayerNorm.Backward(
            Engine,
            new LayerNormGradients
            {
                X = X,
                Weight = Weight,
                Mean = Floats(Enumerable.Range(0, Rows).Select(row => Moments(X, row).Mean)),
                InverseDeviation = Floats(Enumerable.Range(0, Rows).Select(row => Moments(X, row).Inverse)),
                Output = OutputGradient,
                Input = inputGradient,
                WeightGradient = weightGradient,
                BiasGradient = biasGradient,
                Workspace = new float[LayerNorm.BackwardWorkspace(Rows, Hidden)],
            },
            add: true);
        double[] expected = [.. Delta];
        double[] expectedWeight = [.. Weight];
        double[] expectedBias = [.. Bias];
        for (int at = 0; at < X.Length; at++)
        {
            int first = at / Hidden * Hidden;
            IEnumerable<int> row = Enumerable.Range(first, Hidden);
            double mean = row.Average(i => (double)OutputGradient[i] * Weight[i - first]);
            double along = row.Average(i => OutputGradient[i] * Weight[i - first] * Normed(X, i));
            double g = (double)OutputGradient[at] * Weight[at - first];
            expected[at] += Moments(X, at / Hidden).Inverse * (g - mean - (Normed(X, at) * along));
            expectedWeight[at - first] += OutputGradient[at] * Normed(X, at);
            expectedBias[at - first] += OutputGradient[at];
        }

        AssertClose(inputGradient, expected, 1e-6);
        AssertClose(weightGradient, expectedWeight, 1e-6);
        AssertClose(biasGradient, expectedBias, 1e-6);
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[X.Length];
        Assert.That(() => Forward(X.AsSpan(1).ToArray(), Weight, Bias, output), Refuses("X"));
        Assert.That(() => Forward(X, [], Bias, output), Refuses("Weight"));
        Assert.That(() => Forward(X, Weight, [1], output), Refuses("Bias"));
        Assert.That(() => Forward(X, Weight, Bias, []), Refuses("Output"));
        Assert.That(() => Forward(X, Weight, Bias, output, double.NaN), Refuses("epsilon"));
        Assert.That(
            () => LayerNorm.Backward(
                Engine,
                new LayerNormGradients
                {
                    X = X,
                    Weight = Weight,
                    Mean = new float[Rows],
                    InverseDeviation = new float[Rows],
                    Output = OutputGradient,
                    Input = output,
                    WeightGradient = new float[Hidden],
                }),
            Refuses("BiasGradient"));
        Assert.That(() => LayerNorm.BackwardWorkspace(-1, 1), Refuses("rows"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[X.Length];
        Assert.That(AllocatedBy(() => Forward(X, Weight, Bias, output)), Is.Zero);
    }

    private static (double Mean, double Inverse) Moments(float[] x, int row)
    {
        IEnumerable<float> values = x.Skip(row * Hidden).Take(Hidden);
        double mean = values.Average(value => (double)value);
        return (mean, 1 / Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + 0.01));
    }

    private static double Normed(float[] x, int at)
    {
        (double mean, double inverse) = Moments(x, at / Hidden);
        return (x[at] - mean) * inverse;
    }

    private void Forward(float[] x, float[] weight, float[] bias, float[] output, double epsilon = 1e-5) =>
        LayerNorm.Forward(Engine, new LayerNormArrays { X = x, Weight = weight, Bias = bias, Output = output }, epsilon);
}
