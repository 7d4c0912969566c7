using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class GaeTests : KernelFixture
{
    [Test]
    public void Advantages_and_returns_of_the_worked_example()
    {
        float[] advantages = new float[8];
        float[] returns = new float[8];
        Gae.Compute(Engine, Offsets, Floats(Rewards), Values, default, 1, 0.95, advantages, returns);
        AssertClose(advantages, Advantages, 1e-6);
        AssertClose(returns, Returns, 1e-6);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(97)]
    public void Advantages_are_the_discounted_sum_of_deltas_over_the_tokens_that_count(int count)
    {
        float[] rewards = RandomFloats(count, 1, -1, 1);
        float[] values = RandomFloats(count, 2, -1, 1);
        byte[] mask = [.. Enumerable.Range(0, count).Select(i => (byte)(i % 5 == 3 ? 0 : 1))];
        float[] advantages = new float[count];
        Gae.Compute(Engine, [0, count], rewards, values, mask, 0.97, 0.9, advantages);
        int[] counted = [.. Enumerable.Range(0, count).Where(i => mask[i] == 1)];
        double[] expected = new double[count];
        for (int t = 0; t < counted.Length; t++)
        {
            for (int k = t; k < counted.Length; k++)
            {
                double next = k + 1 < counted.Length ? values[counted[k + 1]] : 0;
                double delta = rewards[counted[k]] + (0.97 * next) - values[counted[k]];
                expected[counted[t]] += Math.Pow(0.97 * 0.9, k - t) * delta;
            }
        }

        AssertClose(advantages, expected, 1e-6);
    }

    [Test]
    public void One_step_returns_are_reward_and_next_value()
    {
        float[] returns = new float[2];
        Gae.Compute(Engine, [0, 2], [1, 2], [4, 8], default, 0.5, 0.9, new float[2], returns, oneStepReturns: true);
        Assert.That(returns, Is.EqualTo(new[] { 5f, 2f }));
    }

    [Test]
    public void Arguments_that_do_not_fit_are_named()
    {
        float[] one = new float[1];
        Assert.That(() => Gae.Compute(Engine, [0, 2], one, one, default, 1, 1, one), Throws.ArgumentException);
        Assert.That(() => Gae.Compute(Engine, [], one, one, default, 1, 1, one), Throws.ArgumentException);
        Assert.That(
            () => Gae.Compute(Engine, [0, 1], one, one, default, 1.5, 1, one),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] rewards = Floats(Rewards);
        float[] advantages = new float[8];
        Assert.That(
            AllocatedBy(() => Gae.Compute(Engine, Offsets, rewards, Values, default, 1, 0.95, advantages)), Is.Zero);
    }
}
