using NUnit.Framework;

namespace Proximal.Tests;

/// <summary>After all tests of this namespace and those below no native object is alive, whatever fixtures shared.</summary>
[SetUpFixture]
public sealed class NativeHandlesAtEnd
{
    [OneTimeTearDown]
    public void Nothing_is_alive() =>
        Assert.That(Engine.LiveHandles().Where(live => live.Value != 0), Is.Empty, "native objects alive at the end");
}
