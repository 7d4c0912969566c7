using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>`./proximal bench`: its arguments, what its report makes of measurements, and the table of kernels.</summary>
public sealed partial class BenchmarkTests
{
    private static readonly string[] Probes =
        ["read_one", "read", "copy", "copy_nt", "triad", "triad_nt", "update", "fp32_one", "fp32", "bf16_one", "bf16"];

    private string _folder = string.Empty;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory().FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestCase("--nope", "bench: unknown argument --nope")]
    [TestCase("--filter", "bench: --filter needs a name")]
    [TestCase("--threads", "bench: --threads needs a number")]
    public void Wrong_arguments_end_with_2_and_a_reason(string argument, string expected)
    {
        (int exitCode, string output) = Tool.Run(Tool.InRepository("proximal"), "bench", argument);
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(output, Does.Contain(expected));
    }

    [Test]
    public void The_table_names_every_kernel_and_every_file_that_it_names_is_there()
    {
        string kernels = Tool.InRepository("native", "src", "kernels");
        string table = File.ReadAllText(Path.Combine(kernels, "README.md"));
        string[] rows = [.. Row().Matches(table).Select(row => row.Groups[1].Value)];
        string[] folders = [.. Directory.GetDirectories(kernels).Select(folder => Path.GetFileName(folder)!)];
        Assert.Multiple(() =>
        {
            Assert.That(rows, Is.EquivalentTo(folders), "run ./proximal bench, or: python3 bench/report.py --table");
            Assert.That(Link().Matches(table).Select(link => link.Groups[1].Value).Where(path => !File.Exists(Path.Combine(kernels, path))), Is.Empty);
        });
    }

    [Test]
    public void A_report_has_ratio_share_of_the_limit_and_clean_repeats()
    {
        string text = Report(Kernel(Probe(2), """
            {"shape": "10 tokens", "flop": 0, "dtype": "fp32", "read_bytes": 6e9, "written_bytes": 2e9, "contenders": [
              {"name": "Proximal", "seconds": 2.0, "clean": 5, "repeats": 7}, {"name": "LibTorch", "seconds": 9.0, "clean": 4, "repeats": 4},
              {"name": "oneDNN", "seconds": 0, "clean": 0, "repeats": 0}]},
            {"shape": "a product", "flop": 3e11, "dtype": "bf16", "read_bytes": 0, "written_bytes": 0, "contenders": [
              {"name": "Proximal", "seconds": 4.0, "clean": 0, "repeats": 21}]}
            """));
        Assert.Multiple(() =>
        {
            // 8 GB at 8 GB/s in 2 s; 300 GFLOP at 100 GFLOP/s in 4 s.
            Assert.That(text, Does.Contain("| 4.50x | 50 % | 10 tokens | 2 s | 4.0 GB/s | 9 s | not installed | 5/7 4/4 |"));
            Assert.That(text, Does.Contain("| - | 75 % | a product | 4 s | 75 GFLOP/s |  |  | 0/21 |"));
            Assert.That(text, Does.Not.Contain("Disturbed"));
        });
    }

    [Test]
    public void A_report_says_where_two_threads_had_one_core() =>
        Assert.That(Report(Kernel(Probe(1.7), string.Empty)), Does.Contain("**Disturbed**"));

    [Test]
    public void A_report_has_the_cost_of_a_call_from_Csharp()
    {
        string kernel = Kernel(Probe(2), """
            {"shape": "policy_loss of one token", "flop": 0, "dtype": "fp32", "read_bytes": 0, "written_bytes": 0, "contenders": [
              {"name": "Proximal", "seconds": 5e-8, "clean": 7, "repeats": 7}]}
            """).Replace("\"gae\"", "\"call\"", StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(_folder, "results"));
        File.WriteAllText(Path.Combine(_folder, "results", "Calls-report-brief.json"), """
            {"Benchmarks": [{"Type": "CallBenchmarks", "Method": "PolicyLoss", "Parameters": "", "Statistics": {"Median": 92.5},
              "Memory": {"BytesAllocatedPerOperation": 0}}]}
            """);
        Assert.That(Report(kernel, "--managed", _folder), Does.Contain("| 42.5 ns | policy_loss of one token | 92.5 ns | 50 ns | 0 B |"));
    }

    [GeneratedRegex(@"^\| \[(\w+)\]\(\w+/\w+\.h\) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();

    /// <summary>8 GB/s of memory, 50 GFLOP/s of fp32 and 100 of bf16 on two threads, that much of it on one.</summary>
    private static string Probe(double scaling) => "{" + string.Join(", ", Probes.Select(name => $"\"{name}\": " + name switch
    {
        "fp32" => "50e9",
        "bf16" => "100e9",
        "fp32_one" => FormattableString.Invariant($"{50e9 / scaling}"),
        "bf16_one" => FormattableString.Invariant($"{100e9 / scaling}"),
        _ => "8e9",
    })) + "}";

    private static string Kernel(string probe, string rows) =>
        $$"""{"name": "gae", "before": {{probe}}, "after": {{probe}}, "rows": [{{rows}}]}""";

    private string Report(string kernel, params string[] more)
    {
        string native = Path.Combine(_folder, "native.json");
        File.WriteAllText(native, $$"""
            {"processor": "Some CPU", "cores": 2, "isa": "avx512", "threads": 2, "compiler": "g++", "quick": false,
             "peers": {"LibTorch": "found", "oneDNN": "no such file"}, "kernels": [{{kernel}}]}
            """);
        string[] arguments =
            [Tool.InRepository("bench", "report.py"), "--native", native, "--date", "2026-01-02", "--commit", "abc", "--output", _folder, .. more];
        string path = Tool.Lines("python3", arguments)[^1];
        Assert.That(Path.GetFileName(path), Is.EqualTo("2026-01-02-some-cpu.md"));
        return File.ReadAllText(path);
    }
}
