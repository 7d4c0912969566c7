using NUnit.Framework;

namespace Proximal.Tests.Golden;

/// <summary>
/// The arithmetic of reinforcement learning against values computed by the systems in use: on every instruction set of the
/// machine, and by the CUDA kernels under the emulator.
/// </summary>
[TestFixtureSource(nameof(Forms))]
public sealed class RlGoldenTests(string form)
{
    private readonly GoldenReport _report = new($"rl ({form})");
    private Engine _engine = null!;

    internal static IEnumerable<string> Forms() => KernelForms.All;

    [OneTimeSetUp]
    public void StartEngine() => _engine = KernelForms.Start(form);

    [OneTimeTearDown]
    public void WriteReport()
    {
        _engine.Dispose();
        foreach (string line in _report.Lines())
        {
            TestContext.Progress.WriteLine(line);
        }
    }

    private static IEnumerable<RlCase> Found() => GoldenRoots.Of(GoldenKind.Rl).SelectMany(file => RlFile.Read(file).Cases);

    private static IEnumerable<TestCaseData> InScope() =>
        from one in Found()
        where GoldenScope.Current.Judge(one).Status == ScopeStatus.Run
        select new TestCaseData(one).SetArgDisplayNames(one.File, one.Name);

    [TestCaseSource(nameof(InScope))]
    public void Golden_case(object golden)
    {
        var one = (RlCase)golden;
        if (GoldenScope.Current.IsSettled(one, "refused"))
        {
            Assert.That(
                () => RlOperations.Run(one, _engine),
                Throws.InstanceOf<ArgumentException>().Or.InstanceOf<ProximalException>().Or.InstanceOf<InvalidOperationException>(),
                $"the reference: {one.Raises ?? "not-a-number"}");
            return;
        }

        Compare(one, RlOperations.Run(one, _engine));
    }

    [Test]
    public void The_engine_computes_in_this_form() =>
        Assert.That(_engine.Describe(), Does.Contain(KernelForms.Described(form)));

    [Test]
    public void Golden_scope_counts_add_up_to_the_cases_found()
    {
        GoldenRoots.Demand(GoldenKind.Rl);
        int total = 0;
        foreach (IGrouping<string, RlCase> operation in Found().GroupBy(one => one.Operation))
        {
            ILookup<ScopeStatus, ScopeVerdict> verdicts =
                operation.Select(GoldenScope.Current.Judge).ToLookup(verdict => verdict.Status);
            int run = verdicts[ScopeStatus.Run].Count();
            int later = verdicts[ScopeStatus.Later].Count();
            int outOfScope = verdicts[ScopeStatus.OutOfScope].Count();
            Assert.That(run + later + outOfScope, Is.EqualTo(operation.Count()), operation.Key);
            TestContext.Progress.WriteLine(
                $"golden scope {operation.Key}: {run} run, {later} later, {outOfScope} out of scope, {operation.Count()} in all");
            foreach (IGrouping<string, ScopeVerdict> reason in verdicts.SelectMany(group => group)
                .Where(verdict => verdict.Status != ScopeStatus.Run)
                .GroupBy(verdict => $"{(verdict.Status == ScopeStatus.Later ? "later" : "out of scope")}: {verdict.Reason}"))
            {
                TestContext.Progress.WriteLine($"  {reason.Count()} {reason.Key}");
            }

            total += operation.Count();
        }

        Assert.That(total, Is.EqualTo(Found().Count()));
        TestContext.Progress.WriteLine(
            $"golden scope ({form}): {InScope().Count()} of {total} cases are run, the others as said above");
    }

    private void Compare(RlCase one, RlOutcome outcome)
    {
        if (one.Raises is not null && !GoldenScope.Current.IsSettled(one, "nothing") && !GoldenScope.Current.IsSettled(one, "zero"))
        {
            Assert.Fail($"The reference refuses this ({one.Raises}) and no rule under 'settled' says what we do.");
        }

        Assert.Multiple(() =>
        {
            foreach ((string name, GoldenTensor expected) in one.Expected)
            {
                if (GoldenScope.Current.Uncompared(one, name) is null)
                {
                    Assert.That(outcome.Outputs, Does.ContainKey(name), "an output that nothing computes and no rule leaves out");
                    Compare(one, name, expected.Data, outcome.Outputs[name]);
                }
            }

            foreach ((string name, RlOutput output) in outcome.Outputs.Where(output => !one.Expected.ContainsKey(output.Key)))
            {
                // The reference has no such output; numerics.md may still say what it is.
                Compare(one, name, [.. Enumerable.Repeat(double.NaN, output.Values.Length)], output, onlySettled: true);
            }
        });
    }

    private void Compare(RlCase one, string name, double[] expected, RlOutput actual, bool onlySettled = false)
    {
        Assert.That(actual.Values, Has.Length.EqualTo(expected.Length), name);
        double tolerance = one.Tolerance(name, actual.ComputedInDouble);
        for (int i = 0; i < expected.Length; i++)
        {
            bool settled = actual.Settled.TryGetValue(i, out double said);
            if ((actual.Compare is null || actual.Compare[i] != 0) && (settled || !onlySettled))
            {
                double deviation = GoldenReport.Deviation(
                    actual.Values[i] * actual.Scale, (settled ? said : expected[i]) * actual.Scale);
                _report.Add(one.Operation, deviation, tolerance, $"{one.Name} {name}");
                Assert.That(
                    deviation,
                    Is.LessThanOrEqualTo(tolerance),
                    $"{name}[{i}]: expected {(settled ? said : expected[i]):R}{(settled ? " by numerics.md" : "")}, got {actual.Values[i]:R}");
            }
        }
    }
}
