using NUnit.Framework;
using Proximal.Interop;

namespace Proximal.Tests.Interop;

public sealed class LoaderTests
{
    [Test]
    public void A_failed_load_lists_each_candidate_with_its_error_and_three_next_steps()
    {
        string text = NativeLibraryLoader.Explain(
            [new LoadAttempt("/a/libproximal.so", "no such file"), new LoadAttempt("/b/libproximal.so", "wrong ELF class")]);
        Assert.That(text, Does.Contain("/a/libproximal.so\n    no such file").And.Contain("/b/libproximal.so\n    wrong ELF class"));
        Assert.That(text.Split('\n').Count(line => line.TrimStart() is ['1' or '2' or '3', '.', ..]), Is.EqualTo(3));
        Assert.That(text, Does.Contain(NativeLibraryLoader.DirectoryVariable).And.Contain("cmake --build").And.Contain("proximal doctor"));
    }

    [Test]
    public void A_missing_file_is_named_as_such() =>
        Assert.That(NativeLibraryLoader.TryLoad("/nowhere/libproximal.so", out _), Is.EqualTo("no such file"));

    [Test]
    public void A_file_that_is_no_library_is_refused_with_the_linkers_words()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "not an ELF file");
            Assert.That(NativeLibraryLoader.TryLoad(path, out nint handle), Does.Contain(path));
            Assert.That(handle, Is.EqualTo((nint)0));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_foreign_library_is_refused() =>
        Assert.That(
            NativeLibraryLoader.TryLoad("/lib/x86_64-linux-gnu/libm.so.6", out _), Does.Contain("is not a Proximal library"));

    [Test]
    public void The_environment_variable_is_the_only_candidate_when_set()
    {
        string? before = Environment.GetEnvironmentVariable(NativeLibraryLoader.DirectoryVariable);
        try
        {
            Environment.SetEnvironmentVariable(NativeLibraryLoader.DirectoryVariable, "/opt/proximal");
            Assert.That(NativeLibraryLoader.Candidates(), Is.EqualTo(new[] { "/opt/proximal/libproximal.so" }));
            Environment.SetEnvironmentVariable(NativeLibraryLoader.DirectoryVariable, null);
            Assert.That(NativeLibraryLoader.Candidates(), Has.Count.EqualTo(2));
        }
        finally
        {
            Environment.SetEnvironmentVariable(NativeLibraryLoader.DirectoryVariable, before);
        }
    }

    [Test]
    public void The_loaded_library_is_among_what_was_tried()
    {
        NativeLibraryLoader.Load();
        Assert.That(NativeLibraryLoader.LoadedPath, Does.EndWith("libproximal.so").And.Exist);
        Assert.That(NativeLibraryLoader.Attempts.Single(attempt => attempt.Error is null).Path, Is.EqualTo(NativeLibraryLoader.LoadedPath));
    }
}
