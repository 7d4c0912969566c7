using NUnit.Framework;
using NUnit.Framework.Interfaces;
using Proximal.Tests.Interop;

[assembly: NoLeakedHandles]

namespace Proximal.Tests.Interop;

/// <summary>Fails a test after which more native objects are alive than before it.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class NoLeakedHandlesAttribute : Attribute, ITestAction
{
    private IReadOnlyDictionary<string, long> _before = new Dictionary<string, long>();

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test) => _before = Engine.LiveHandles();

    public void AfterTest(ITest test)
    {
        if (TestContext.CurrentContext.Result.Outcome.Status != TestStatus.Failed)
        {
            Assert.That(Leaks(_before), Is.Empty, $"native objects that {test.Name} left behind");
        }
    }

    /// <summary>The kinds of which more are alive than in <paramref name="before"/>, with how many.</summary>
    internal static IEnumerable<string> Leaks(IReadOnlyDictionary<string, long> before) =>
        from live in Engine.LiveHandles()
        let more = live.Value - before.GetValueOrDefault(live.Key)
        where more > 0
        select $"{more} {live.Key}";
}
