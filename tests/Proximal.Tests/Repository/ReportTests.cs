using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>The sum at the end of `./proximal test`: what crashed, was skipped silently or never ran is a failure.</summary>
public sealed class ReportTests
{
    private const string Passing = "[ RUN      ] Gae.Works\n[       OK ] Gae.Works (0 ms)\n";
    private string _folder = string.Empty;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory().FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Passing_tests_are_counted_and_the_last_line_says_so()
    {
        Write("native", 0, Passing + Passing);
        Assert.That(Report(), Is.EqualTo((0, "2 passed, 0 failed, 0 skipped")));
    }

    [Test]
    public void A_failed_test_is_named_with_its_message()
    {
        Write("native", 1, Passing + "[ RUN      ] Kl.Sign\nkl.cpp:3: Failure\nexpected 1\n[  FAILED  ] Kl.Sign (1 ms)\n");
        Assert.That(Report(out string text), Is.EqualTo((1, "1 passed, 1 failed, 0 skipped")));
        Assert.That(text, Does.Contain("FAILED Kl.Sign\n    kl.cpp:3: Failure\n    expected 1\n"));
    }

    [Test]
    public void A_crash_fails_the_test_that_had_begun()
    {
        Write("native", 139, Passing + "[ RUN      ] Model.Loads\nsome output\n");
        Assert.That(Report(out string text), Is.EqualTo((1, "1 passed, 1 failed, 0 skipped")));
        Assert.That(text, Does.Contain("FAILED Model.Loads\n    the runner ended during this test\n    some output\n"));
    }

    [TestCase(1, "ended with exit status 1")]
    [TestCase(124, "took too long and was ended")]
    public void A_runner_that_fails_after_its_tests_passed_is_a_failure(int code, string expected)
    {
        Write("native", code, Passing);
        Assert.That(Report(out string text), Is.EqualTo((1, "1 passed, 1 failed, 0 skipped")));
        Assert.That(text, Does.Contain(expected));
    }

    [Test]
    public void A_runner_without_results_or_tests_is_a_failure()
    {
        Write("native", 0, Passing);
        Write("Proximal.Tests", 0, "no test host\n");
        Assert.That(Report(out string text), Is.EqualTo((1, "1 passed, 1 failed, 0 skipped")));
        Assert.That(text, Does.Contain("FAILED runner Proximal.Tests\n    ran no test\n"));
        Assert.That(Report("--filtered"), Is.EqualTo((0, "1 passed, 0 failed, 0 skipped")));
    }

    [Test]
    public void A_filter_that_no_test_matches_is_a_failure()
    {
        Write("native", 0, string.Empty);
        Assert.That(Report("--filtered"), Is.EqualTo((1, "0 passed, 1 failed, 0 skipped")));
    }

    [TestCase("no GPU: /dev/nvidia0 is missing", 0, "1 passed, 0 failed, 1 skipped")]
    [TestCase("no model folder", 1, "1 passed, 1 failed, 0 skipped")]
    public void With_the_shared_folder_at_hand_only_a_missing_gpu_is_an_excuse(string reason, int code, string last)
    {
        Write("native", 0, Passing + Skipped(reason));
        Assert.That(Report("--only-gpu-may-lack"), Is.EqualTo((code, last)));
    }

    [Test]
    public void A_skip_names_what_is_missing()
    {
        Write("native", 0, Passing + Skipped("no model folder"));
        Assert.That(Report(out string text), Is.EqualTo((0, "1 passed, 0 failed, 1 skipped")));
        Assert.That(text, Does.Contain("SKIPPED Model.Golden: no model folder\n"));
        Write("native", 0, Passing + Skipped(string.Empty));
        Assert.That(Report(), Is.EqualTo((1, "1 passed, 1 failed, 0 skipped")));
    }

    [Test]
    public void Results_of_dotnet_are_read_with_the_names_of_their_classes()
    {
        const string Trx = """
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
              <Results>
                <UnitTestResult testId="1" testName="Works" outcome="Passed" />
                <UnitTestResult testId="2" testName="Breaks" outcome="Failed">
                  <Output><ErrorInfo><Message>expected 1</Message><StackTrace>at line 3</StackTrace></ErrorInfo></Output>
                </UnitTestResult>
                <UnitTestResult testId="3" testName="Waits" outcome="NotExecuted">
                  <Output><ErrorInfo><Message>no GPU</Message></ErrorInfo></Output>
                </UnitTestResult>
              </Results>
              <TestDefinitions>
                <UnitTest id="1"><TestMethod className="Some.GaeTests" /></UnitTest>
                <UnitTest id="2"><TestMethod className="Some.GaeTests" /></UnitTest>
                <UnitTest id="3"><TestMethod className="Some.GaeTests" /></UnitTest>
              </TestDefinitions>
            </TestRun>
            """;
        Write("Some.Tests", 1, string.Empty);
        File.WriteAllText(Path.Combine(_folder, "Some.Tests.trx"), Trx);
        Assert.That(Report(out string text), Is.EqualTo((1, "1 passed, 1 failed, 1 skipped")));
        Assert.That(text, Does.Contain("FAILED Some.GaeTests.Breaks\n    expected 1\n    at line 3\n"));
        Assert.That(text, Does.Contain("SKIPPED Some.GaeTests.Waits: no GPU\n"));
    }

    [TestCase("leak", 23, "LeakSanitizer: detected memory leaks", 0)]
    [TestCase("leak", 0, "LeakSanitizer: detected memory leaks", 1)]
    [TestCase("leak", 1, "Segmentation fault", 1)]
    [TestCase("overflow", 1, "AddressSanitizer: heap-buffer-overflow", 0)]
    public void A_planted_defect_passes_only_when_its_sanitizer_names_it(string defect, int code, string log, int expected)
    {
        Write($"planted-{defect}", code, $"=={defect}==ERROR: {log}\n");
        Assert.That(Report().ExitCode, Is.EqualTo(expected));
    }

    private static string Skipped(string reason) =>
        $"[ RUN      ] Model.Golden\n/_/test_model.cpp:12: Skipped\n{reason}\n[  SKIPPED ] Model.Golden (0 ms)\n";

    private void Write(string runner, int code, string log)
    {
        File.WriteAllText(Path.Combine(_folder, $"{runner}.exit"), $"{code}");
        File.WriteAllText(Path.Combine(_folder, $"{runner}.log"), log);
    }

    private (int ExitCode, string LastLine) Report(params string[] options) => Report(out _, options);

    private (int ExitCode, string LastLine) Report(out string text, params string[] options)
    {
        (int code, text) = Tool.Run("/usr/bin/python3", [Tool.InRepository("tests", "report.py"), .. options, _folder]);
        return (code, text.TrimEnd('\n').Split('\n')[^1]);
    }
}
