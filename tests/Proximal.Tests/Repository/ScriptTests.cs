using System.Xml.Linq;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>The script at the top of the repository, the notices, and the patches that break the numerics.</summary>
public sealed class ScriptTests
{
    private static string Script { get; } = Tool.InRepository("proximal");

    [TestCase("--nope", "test: unknown argument --nope")]
    [TestCase("--filter", "test: --filter needs a name")]
    public void Wrong_arguments_of_test_end_with_2_and_a_reason(string argument, string expected)
    {
        (int exitCode, string output) = Tool.Run(Script, "test", argument);
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(output, Does.Contain(expected));
    }

    [Test]
    public void The_script_finds_its_repository_through_a_link_from_anywhere()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string link = Path.Combine(folder, "linked");
            File.CreateSymbolicLink(link, Script);
            (int exitCode, string output) = Tool.Run("/bin/sh", "-c", $"cd / && '{link}' test --help");
            Assert.That(exitCode, Is.Zero);
            Assert.That(output, Does.StartWith("Usage: ./proximal test"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void A_folder_that_is_no_libtorch_is_refused()
    {
        (int exitCode, string output) = Tool.Run("/usr/bin/env", "PROXIMAL_LIBTORCH=/nowhere", Script, "doctor");
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(output, Does.Contain("PROXIMAL_LIBTORCH: expected the folder of a LibTorch").And.Contain("got /nowhere"));
    }

    [Test]
    public void The_notices_name_every_package()
    {
        string notices = File.ReadAllText(Tool.InRepository("THIRD-PARTY-NOTICES"));
        IEnumerable<string> packages = XDocument.Load(Tool.InRepository("Directory.Packages.props"))
            .Descendants("PackageVersion")
            .Select(package => package.Attribute("Include")!.Value);
        Assert.That(packages.Where(package => !notices.Contains($"  {package} ", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Every_mutant_says_what_it_breaks_and_which_tests_notice()
    {
        string[] patches = Directory.GetFiles(Tool.InRepository("tests", "mutants"), "*.patch");
        Assert.That(patches, Has.Length.GreaterThanOrEqualTo(12));
        Assert.Multiple(() =>
        {
            foreach (string patch in patches)
            {
                string text = File.ReadAllText(patch);
                Assert.That(text, Does.Match("^breaks: .+\nkilled by: .+\n"), patch);
            }
        });
    }
}
