using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace Proximal.Tests.Fuzz;

/// <summary>Every managed parser accepts an input or refuses it with its documented exception. tests/fuzz/README.md.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class ParserFuzzTests
{
    private const int Seed = 20;

    private static IEnumerable<string> Names => FuzzTargets.All.Select(target => target.Name);

    [TestCaseSource(nameof(Names))]
    public void Every_input_is_accepted_or_refused(string name)
    {
        string chosen = Environment.GetEnvironmentVariable("PROXIMAL_FUZZ_TARGETS") ?? string.Empty;
        if (chosen.Length > 0 && !chosen.Split(',').Contains(name))
        {
            Assert.Pass("PROXIMAL_FUZZ_TARGETS does not name it");
        }

        double seconds = Number("PROXIMAL_FUZZ_SECONDS", 10);
        double most = Number("PROXIMAL_FUZZ_EXECUTIONS", double.MaxValue);
        FuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        (string Kind, byte[] Bytes)[] seeds = Seeds(name);
        Assert.That(seeds, Is.Not.Empty);
        using var folder = new Models.TemporaryFolder();
        var damage = new Damage(Seed);
        var clock = Stopwatch.StartNew();
        long executions = 0;
        long accepted = 0;
        while (executions < seeds.Length || (executions < most && clock.Elapsed.TotalSeconds < seconds))
        {
            (string kind, byte[] bytes) = executions < seeds.Length ? seeds[executions] : damage.Next(seeds);
            executions++;
            if (Finding(target, new FuzzInput(kind, bytes, folder.Path), ref accepted) is { } finding)
            {
                string kept = Path.Combine(Path.GetTempPath(), $"proximal-finding-{name}-{kind}-input");
                File.WriteAllBytes(kept, bytes);
                Assert.Fail($"execution {executions} (seed {Seed}), input {kept}: {finding}");
            }
        }

        Assert.That(accepted, Is.GreaterThan(0), "the corpus holds nothing that is accepted");
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"fuzz {name}: {executions} executions in {clock.Elapsed.TotalSeconds:F1} s, {accepted} accepted, 0 findings"));
    }

    private static string? Finding(FuzzTarget target, FuzzInput input, ref long accepted)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Run(input);
            accepted++;
        }
        catch (Exception exception)
        {
            if (!target.Refusals.Contains(exception.GetType()))
            {
                return $"another exception: {exception}";
            }

            if (exception.Message.Length == 0 || (target.NamesFile && !exception.Message.Contains(input.Folder, StringComparison.Ordinal)))
            {
                return $"a message that does not name the file: {exception.Message}";
            }
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > target.MostAllocated + (4096L * input.Bytes.Length) ? $"{allocated} bytes allocated" : null;
    }

    private static (string Kind, byte[] Bytes)[] Seeds(string name)
    {
        string folder = Interop.Tool.InRepository("tests", "fuzz", "corpus", name);
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file).Split('-')[0], File.ReadAllBytes(file)))];
    }

    private static double Number(string variable, double otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
