using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Models;

namespace Proximal.Tests.Kernels;

public sealed class HeadKlTests : KernelFixture
{
    private const int N = 7;
    private const int H = 12;
    private const int R = 5;
    private const int V = 530;

    // Float logits of some nats and their exponentials; seen: 4e-7.
    private const double Tolerance = 3e-6;

    [TestCase(1.0)]
    [TestCase(0.6)]
    public void Equals_the_divergence_in_double(double temperature)
    {
        var models = new Pair(Engine, TensorType.Float32);
        float[] got = models.Values(temperature);
        AssertClose(got, models.Expected(temperature, models.Hidden, models.Head), Tolerance);
        Assert.That(got.Min(), Is.GreaterThan(0));
    }

    [Test]
    public void Of_bf16_it_is_that_of_the_numbers_that_the_bits_stand_for()
    {
        var models = new Pair(Engine, TensorType.BFloat16);
        AssertClose(models.Values(1), models.Expected(1, models.Hidden, models.Head), Tolerance);
    }

    [TestCase(TensorType.Float32, 1.0)]
    [TestCase(TensorType.Float32, 1.7)]
    [TestCase(TensorType.BFloat16, 1.0)]
    public void Gradients_are_central_differences(TensorType type, double temperature)
    {
        // bf16: the gradient of each logit is rounded to 8 bits.
        double tolerance = type == TensorType.Float32 ? 5e-6 : 1e-2;
        var models = new Pair(Engine, type);
        float[] upstream = RandomFloats(N, 5, -1, 1);
        float[] hidden = new float[N * H];
        float[] head = [.. Enumerable.Repeat(0.5f, V * H)];
        float[] values = new float[N];
        models.Gradients(temperature, upstream, hidden, head, values);
        Assert.That(values, Is.EqualTo(models.Values(temperature)));
        AssertClose(
            hidden, Differences(models.Hidden, 1, x => Weighted(models.Expected(temperature, x, models.Head))), tolerance);
        const int Step = 97;
        AssertClose(
            [.. head.Where((_, i) => i % Step == 0).Select(g => g - 0.5f)],
            Differences(models.Head, Step, w => Weighted(models.Expected(temperature, models.Hidden, w))),
            tolerance);

        double Weighted(double[] kl) => kl.Zip(upstream, (value, weight) => value * weight).Sum();
    }

    [TestCase(TensorType.Float32)]
    [TestCase(TensorType.BFloat16)]
    public void A_rows_bits_are_its_own(TensorType type)
    {
        var models = new Pair(Engine, type);
        float[] all = models.Values(1);
        foreach (int rows in new[] { 1, 2, 3 })
        {
            Assert.That(models.Values(1, N - rows), Is.EqualTo(all[^rows..]), $"{rows} rows");
        }
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var models = new Pair(Engine, TensorType.Float32);
        var halves = new PackedWeights(V, R, TensorType.BFloat16);
        var narrow = new PackedWeights(V - 1, R, TensorType.Float32);
        float[] kl = new float[N];
        float[] workspace = models.WorkspaceOf(N);
        float[] hidden = new float[N * H];
        float[] reference = new float[N * R];
        Assert.Multiple(() =>
        {
            Refused(
                () => HeadKl.Compute(
                    Engine,
                    new HeadKlInputs { Hidden = hidden, Head = models.Packed, ReferenceHidden = reference, ReferenceHead = halves, Workspace = workspace },
                    kl),
                "inputs");
            Refused(
                () => HeadKl.Compute(
                    Engine,
                    new HeadKlInputs { Hidden = hidden, Head = models.Packed, ReferenceHidden = reference, ReferenceHead = narrow, Workspace = workspace },
                    kl),
                "inputs");
            Refused(() => HeadKl.Compute(Engine, models.Inputs(1, workspace), new float[1]), "values");
            Refused(() => HeadKl.Compute(Engine, models.Inputs(1, []), kl), "Workspace");
            Refused(() => HeadKl.Compute(Engine, models.Inputs(0, workspace), kl), "inputs.Temperature");
            Refused(
                () => HeadKl.Compute(
                    Engine,
                    new HeadKlInputs
                    {
                        Hidden = hidden,
                        HiddenBf16 = new ushort[N * H],
                        Head = models.Packed,
                        ReferenceHidden = reference,
                        ReferenceHead = models.PackedReference,
                        Workspace = workspace,
                    },
                    kl),
                "HiddenBf16");
            Refused(
                () => HeadKl.Backward(Engine, models.Inputs(1, workspace), new HeadKlGradients { Upstream = kl }), "gradients");
            Refused(
                () => HeadKl.Backward(Engine, models.Inputs(1, workspace), new HeadKlGradients { Upstream = kl, Hidden = hidden }),
                "gradients");
            Refused(
                () => HeadKl.Backward(Engine, models.Inputs(1, workspace), new HeadKlGradients { Upstream = kl, Head = hidden }),
                "Head");
            Refused(
                () => HeadKl.Backward(Engine, models.Inputs(1, workspace), new HeadKlGradients { Upstream = hidden, Head = hidden }),
                "Upstream");
        });
        Assert.That(() => HeadKl.Compute(null!, models.Inputs(1, workspace), kl), Throws.ArgumentNullException);
        float[] upstream = new float[N];
        upstream[2] = float.NaN;
        Assert.That(
            () => models.Gradients(1, upstream, hidden, new float[V * H], kl),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("upstream[2]"));
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        var models = new Pair(Engine, TensorType.Float32);
        float[] values = new float[N];
        float[] workspace = models.WorkspaceOf(N);
        Assert.That(AllocatedBy(() => HeadKl.Compute(Engine, models.Inputs(1, workspace), values)), Is.Zero);
    }

    private static void Refused(TestDelegate call, string name) =>
        Assert.That(call, Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(name));

    private static double[] Differences(float[] at, int step, Func<float[], double> value)
    {
        var differences = new List<double>();
        for (int i = 0; i < at.Length; i += step)
        {
            const float Distance = 1 / 512f;
            float[] above = [.. at];
            float[] below = [.. at];
            above[i] += Distance;
            below[i] -= Distance;
            float[] further = [.. at];
            float[] furtherBelow = [.. at];
            further[i] += 2 * Distance;
            furtherBelow[i] -= 2 * Distance;
            differences.Add(
                ((8 * (value(above) - value(below))) - (value(further) - value(furtherBelow))) / (12 * (double)Distance));
        }

        return [.. differences];
    }

    // A policy and a reference with hidden states of their own sizes, in numbers of the type and packed.
    private sealed class Pair
    {
        private readonly Engine _engine;
        private readonly float[] _referenceHidden;
        private readonly float[] _referenceHead;

        public Pair(Engine engine, TensorType type)
        {
            _engine = engine;
            Hidden = Exact(RandomFloats(N * H, 1, -2, 2), type);
            Head = Exact(RandomFloats(V * H, 2, -1, 1), type);
            _referenceHidden = Exact(RandomFloats(N * R, 3, -2, 2), type);
            _referenceHead = Exact(RandomFloats(V * R, 4, -1, 1), type);
            Packed = Pack(Head, V, H, type, transposed: false);
            PackedReference = Pack(_referenceHead, V, R, type, transposed: false);
            Transposed = Pack(Head, H, V, type, transposed: true);
        }

        public float[] Hidden { get; }

        public float[] Head { get; }

        public PackedWeights Packed { get; }

        public PackedWeights PackedReference { get; }

        private PackedWeights Transposed { get; }

        public float[] WorkspaceOf(int rows) => new float[HeadKl.Workspace(rows, Packed, gradients: true)];

        // Of the rows from `first` on.
        public HeadKlInputs Inputs(double temperature, Span<float> workspace, int first = 0) => Packed.Type == TensorType.Float32
            ? new HeadKlInputs
            {
                Hidden = Hidden.AsSpan(first * H),
                Head = Packed,
                ReferenceHidden = _referenceHidden.AsSpan(first * R),
                ReferenceHead = PackedReference,
                Temperature = temperature,
                Workspace = workspace,
            }
            : new HeadKlInputs
            {
                HiddenBf16 = Bits(Hidden.AsSpan(first * H)),
                Head = Packed,
                ReferenceHiddenBf16 = Bits(_referenceHidden.AsSpan(first * R)),
                ReferenceHead = PackedReference,
                Temperature = temperature,
                Workspace = workspace,
            };

        public float[] Values(double temperature, int first = 0)
        {
            float[] values = new float[N - first];
            HeadKl.Compute(_engine, Inputs(temperature, WorkspaceOf(N - first), first), values);
            return values;
        }

        public void Gradients(double temperature, float[] upstream, float[] hidden, float[] head, float[] values) =>
            HeadKl.Backward(
                _engine,
                Inputs(temperature, WorkspaceOf(N)),
                new HeadKlGradients { Upstream = upstream, HeadTransposed = Transposed, Hidden = hidden, Head = head },
                values);

        public double[] Expected(double temperature, float[] hidden, float[] head) =>
        [
            .. Enumerable.Range(0, N).Select(row =>
            {
                double[] p = LogProbs(hidden, head, H, row, temperature);
                double[] q = LogProbs(_referenceHidden, _referenceHead, R, row, temperature);
                return p.Zip(q, (x, y) => Math.Exp(x) * (x - y)).Sum();
            }),
        ];

        private static double[] LogProbs(float[] hidden, float[] head, int size, int row, double temperature)
        {
            double[] z = new double[V];
            for (int v = 0; v < V; v++)
            {
                for (int k = 0; k < size; k++)
                {
                    z[v] += (double)hidden[(row * size) + k] * head[(v * size) + k] / temperature;
                }
            }

            double most = z.Max();
            double lse = most + Math.Log(z.Sum(x => Math.Exp(x - most)));
            return [.. z.Select(x => x - lse)];
        }

        private static float[] Exact(float[] x, TensorType type) => type == TensorType.Float32
            ? x
            : [.. Bits(x).Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];

        private static ushort[] Bits(ReadOnlySpan<float> x)
        {
            ushort[] bits = new ushort[x.Length];
            for (int i = 0; i < x.Length; i++)
            {
                bits[i] = Bf16(x[i]);
            }

            return bits;
        }

        private PackedWeights Pack(float[] w, int outputs, int inputs, TensorType type, bool transposed)
        {
            var packed = new PackedWeights(outputs, inputs, type);
            packed.Write(_engine, w, transposed);
            return packed;
        }
    }
}
