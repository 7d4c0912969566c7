using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class WhiteningTests : KernelFixture
{
    [Test]
    public void Moments_and_whitened_advantages_of_the_worked_example()
    {
        float[] advantages = Floats(Advantages);
        Moments moments = Whitening.Moments(Engine, advantages);
        Assert.That(moments.Count, Is.EqualTo(8));
        Assert.That(moments.Mean, Is.EqualTo(-.381132).Within(1e-6));
        Assert.That(moments.BiasedVariance, Is.EqualTo(.049372).Within(1e-6));
        Assert.That(moments.Variance, Is.EqualTo(.056425).Within(1e-6));
        float[] whitened = new float[8];
        Whitening.Apply(Engine, advantages, default, moments, whitened);
        AssertClose(whitened, Whitened, 1e-5);
    }

    [Test]
    public void One_element_is_zero()
    {
        float[] whitened = [7];
        Whitening.Apply(Engine, [5], default, Whitening.Moments(Engine, [5]), whitened);
        Assert.That(whitened, Is.EqualTo(new[] { 0f }));
    }

    [Test]
    public void Masked_elements_are_not_read()
    {
        float[] x = [1, float.NaN, 3];
        byte[] mask = [1, 0, 1];
        Moments moments = Whitening.Moments(Engine, x, mask);
        Assert.That(moments, Is.EqualTo(new Moments(2, 2, 2)));
        Whitening.Apply(Engine, x, mask, moments, x, keepMean: true, biased: true);
        AssertClose(x, [1, 0, 3], 1e-6);
    }

    [Test]
    public void Merged_moments_are_those_of_the_whole()
    {
        float[] x = RandomFloats(101, 1, -3, 4);
        Moments whole = Whitening.Moments(Engine, x);
        Moments merged = Whitening.Moments(Engine, x.AsSpan(0, 37)).Merge(Whitening.Moments(Engine, x.AsSpan(37)));
        Assert.That(merged.Count, Is.EqualTo(101));
        Assert.That(merged.Mean, Is.EqualTo(whole.Mean).Within(1e-12));
        Assert.That(merged.Variance, Is.EqualTo(whole.Variance).Within(1e-12));
        Assert.That(default(Moments).Merge(whole), Is.EqualTo(whole));
    }

    [Test]
    public void Bad_input_is_named()
    {
        Assert.That(
            () => Whitening.Moments(Engine, [1, float.NaN]),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("x[1]"));
        Assert.That(() => Whitening.Moments(Engine, [1, 2], [1]), Throws.ArgumentException);
        Assert.That(() => new Moments(-1, 0, 0).Merge(default), Throws.ArgumentException);
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] x = RandomFloats(31, 1, -3, 4);
        Assert.That(
            AllocatedBy(() => Whitening.Apply(Engine, x, default, Whitening.Moments(Engine, x).Merge(default), x)),
            Is.Zero);
    }
}
