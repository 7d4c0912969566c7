using NUnit.Framework;
using NUnit.Framework.Constraints;

namespace Proximal.Tests.Kernels;

/// <summary>What the tests of kernel wrappers share: an engine, the worked example of two sequences, comparisons.</summary>
public abstract class KernelFixture
{
    // Sequence 0 was cut at the limit of five tokens: its score 0.8 loses the penalty of 1.
    protected static readonly long[] Offsets = [0, 5, 8];
    protected static readonly float[] LogProbs = [-1.2f, -.7f, -2.1f, -.4f, -1.0f, -.9f, -1.6f, -.3f];
    protected static readonly float[] ReferenceLogProbs = [-1.0f, -.9f, -1.8f, -.5f, -1.4f, -1.1f, -1.2f, -.35f];
    protected static readonly float[] Values = [.1f, -.2f, .3f, .05f, .4f, .25f, 0, -.15f];
    protected static readonly float[] Scores = [-.2f, -.5f];
    protected static readonly double[] Rewards = [.01, -.01, .015, -.005, -.22, -.01, .02, -.5025];
    protected static readonly double[] Advantages =
        [-.245787, .046540, -.466800, -.244000, -.620000, -.701631, -.464875, -.352500];

    protected static readonly double[] Returns =
        [-.145787, -.153460, -.166800, -.194000, -.220000, -.451631, -.464875, -.502500];

    protected static readonly double[] Whitened =
        [.569777, 1.800421, -.360648, .577300, -1.005593, -1.349246, -.352544, .120534];

    protected static readonly float[] NewLogProbs = [-.9f, -.75f, -2.5f, -.3f, -.7f, -1.3f, -1.55f, -.2f];
    protected static readonly float[] NewValues = [.5f, -.1f, .25f, .3f, .1f, .1f, .35f, -.2f];

    private Engine? _engine;

    protected Engine Engine => _engine!;

    [SetUp]
    public void StartEngine() => _engine = new Engine();

    [TearDown]
    public void StopEngine() => _engine!.Dispose();

    protected static float[] Floats(IEnumerable<double> values) => [.. values.Select(value => (float)value)];

    protected static float[] RandomFloats(int count, int seed, double low, double high)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(low + ((high - low) * random.NextDouble())))];
    }

    /// <summary>|got - expected| at most tolerance · max(1, |expected|), entry by entry.</summary>
    protected static void AssertClose(IReadOnlyList<float> got, IReadOnlyList<double> expected, double tolerance)
    {
        Assert.That(got, Has.Count.EqualTo(expected.Count));
        for (int i = 0; i < got.Count; i++)
        {
            Assert.That(
                got[i], Is.EqualTo(expected[i]).Within(tolerance * Math.Max(1, Math.Abs(expected[i]))), $"entry {i}");
        }
    }

    /// <summary>A float rounded to bf16, nearest even, by way of double arithmetic; not for NaN.</summary>
    protected static ushort Bf16(float value)
    {
        // Between two neighbours in bf16 lie 2^16 steps of a float's bits, which grow with its magnitude.
        double steps = BitConverter.SingleToUInt32Bits(value) / 65536.0;
        return (ushort)Math.Round(steps, MidpointRounding.ToEven);
    }

    /// <summary>An argument error that names the argument.</summary>
    protected static IResolveConstraint Refuses(string name) =>
        Throws.InstanceOf<ArgumentException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(name);

    /// <summary>Bytes that the second of two calls allocates on this thread.</summary>
    protected static long AllocatedBy(Action call)
    {
        call();
        long before = GC.GetAllocatedBytesForCurrentThread();
        call();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
