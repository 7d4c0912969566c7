using NUnit.Framework;
using System.Runtime.CompilerServices;

namespace Proximal.Tests.Interop;

public sealed class LifetimeTests
{
    [Test]
    public void The_leak_gate_sees_a_live_handle()
    {
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        using (new Engine())
        {
            Assert.That(NoLeakedHandlesAttribute.Leaks(before), Is.EqualTo(new[] { "1 engine" }));
        }

        Assert.That(NoLeakedHandlesAttribute.Leaks(before), Is.Empty);
    }

    [Test]
    public void Abandoned_engines_are_finalised()
    {
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        Abandon(20);
        Collect();
        Assert.That(NoLeakedHandlesAttribute.Leaks(before), Is.Empty);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.That(new Engine(new EngineOptions { Threads = 1 }).Memory.PeakResidentBytes, Is.Positive);
        }
    }

    internal static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
