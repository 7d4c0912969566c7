using NUnit.Framework;

namespace Proximal.Tests.Golden;

public sealed class GoldenRootsTests
{
    [Test]
    public void Golden_roots_hold_cases_of_every_kind(
        [Values(nameof(GoldenKind.Rl), nameof(GoldenKind.Model), nameof(GoldenKind.PpoUpdate), nameof(GoldenKind.Tokenizer))]
        string kind)
    {
        GoldenKind parsed = Enum.Parse<GoldenKind>(kind);
        GoldenRoots.Demand(parsed);
        foreach (IGrouping<string, GoldenFile> root in GoldenRoots.Of(parsed).GroupBy(file => file.Root))
        {
            TestContext.Progress.WriteLine($"golden {kind}: {root.Count()} files from {root.Key}");
        }
    }

    [Test]
    public void Golden_kinds_that_nothing_runs_are_counted()
    {
        GoldenKind[] later = [.. Enum.GetValues<GoldenKind>().Where(kind => GoldenScope.Current.JudgeKind(kind).Status != ScopeStatus.Run)];
        foreach (GoldenKind kind in later)
        {
            int files = GoldenRoots.Of(kind).Count();
            TestContext.Progress.WriteLine(
                $"golden scope {kind}: 0 run, {files} later ({GoldenScope.Current.JudgeKind(kind).Reason}), {files} in all");
        }

        Assert.That(later, Is.Empty, "kinds without a fixture of their own");
    }

    [Test]
    public void Golden_files_of_the_same_relative_path_are_found_once() =>
        Assert.That(Enum.GetValues<GoldenKind>().SelectMany(GoldenRoots.Of).Select(file => file.RelativePath), Is.Unique);

    [Test]
    public void Golden_files_of_the_shared_folder_are_read_too()
    {
        if (!GoldenRoots.AreSet && !GoldenRoots.Roots.All(Directory.Exists))
        {
            Assert.Ignore(
                "missing: " + string.Join(", ", GoldenRoots.Roots.Where(root => !Directory.Exists(root)))
                + " (golden files that may not be shipped are not run)");
        }

        Assert.That(GoldenRoots.Roots.Where(root => !Directory.Exists(root)), Is.Empty);
    }
}
