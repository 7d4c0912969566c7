using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Tests.Cli;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>What a program gets that takes the library from its package instead of the repository.</summary>
public sealed partial class PackageTests
{
    private static readonly string[] NativeLibraries = ["libproximal.so", "libproximal_torch.so"];

    private string _folder = string.Empty;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory("package").FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(NativeLibraries))]
    public void A_native_library_needs_no_newer_system_than_the_package_says(string name)
    {
        string readme = File.ReadAllText(Tool.InRepository("managed", "Proximal", "README.md"));
        var floors = new Dictionary<string, Version>
        {
            ["GLIBC"] = Version.Parse(Glibc().Match(readme).Groups[1].Value),
            ["GLIBCXX"] = Version.Parse(Libstdcxx().Match(readme).Groups[1].Value),
        };
        string headers = string.Join('\n', Tool.Lines("objdump", "-p", Native(name)));
        (string Library, Version Version)[] needs =
            [.. VersionNeed().Matches(headers).Select(need => (need.Groups[1].Value, Version.Parse(need.Groups[2].Value)))];
        Assert.Multiple(() =>
        {
            Assert.That(needs.Select(need => need.Library).Distinct(), Is.EquivalentTo(floors.Keys), "the needs were read");
            Assert.That(needs.Where(need => need.Version > floors[need.Library]), Is.Empty);
            Assert.That(headers, Does.Not.Contain("RPATH").And.Not.Contain("RUNPATH"), "no folder of the build machine is searched");
        });
    }

    [TestCaseSource(nameof(NativeLibraries))]
    public void A_native_library_names_no_folder_of_the_machine_that_built_it(string name) => NamesNoFolder(Native(name));

    [TestCase("Proximal.dll")]
    [TestCase("Proximal.pdb")]
    [TestCase("Proximal.Interop.dll")]
    [TestCase("Proximal.Interop.pdb")]
    public void An_assembly_names_no_folder_of_the_machine_that_built_it(string name) =>
        NamesNoFolder(Path.Combine(AppContext.BaseDirectory, name));

    [Test]
    public void Without_LibTorch_models_run_and_its_backend_names_the_line_that_installs_it()
    {
        // A mount of this process's own: the system's libraries through links, LibTorch's left out.
        string hidden = $$"""
            set -e
            mkdir -p '{{_folder}}/all' '{{_folder}}/some'
            mount --bind /usr/lib/x86_64-linux-gnu '{{_folder}}/all'
            find '{{_folder}}/all' -mindepth 1 -maxdepth 1 ! -name 'libtorch*' ! -name 'libc10*' -exec ln -sf -t '{{_folder}}/some' '{}' +
            mount --bind '{{_folder}}/some' /usr/lib/x86_64-linux-gnu
            exec "$@"
            """;
        string script = Path.Combine(_folder, "hide.sh");
        File.WriteAllText(script, hidden);
        if (Tool.Run("unshare", "-Urm", "true").ExitCode != 0)
        {
            Assert.Ignore("no user namespaces here: `unshare -Urm true` fails");
        }

        using var tiny = new TinyFolder();
        string[] score = ["score", "-m", tiny.Model, "-i", tiny.Write("row.jsonl", "{\"tokens\":[1,3]}\n")];
        CliRun own = CliProcess.Shell($"exec unshare -Urm /bin/bash '{script}' \"$@\"", score);
        Assert.That(own.Code, Is.Zero, own.Error);
        CliRun torch = CliProcess.Shell($"export PROXIMAL_BACKEND=torch; exec unshare -Urm /bin/bash '{script}' \"$@\"", score);
        Assert.That(torch.Code, Is.Not.Zero);
        Assert.That(torch.Error, Does.Contain("cannot open shared object file")
            .And.Contain("apt-get install -y --no-install-recommends libtorch1.13 libopenblas0-openmp"));
    }

    [Test]
    [Category("Long")]
    public void Packs_of_one_commit_are_the_same_and_an_empty_project_trains_with_them()
    {
        // Two clones in folders of different length; one of them compiles everything itself.
        string first = Pack(Path.Combine(_folder, "a"), compilesAll: true);
        string second = Pack(Path.Combine(_folder, "another", "folder"), compilesAll: false);
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllBytes(second), Is.EqualTo(File.ReadAllBytes(first)));
            Assert.That(File.ReadAllBytes(Symbols(second)), Is.EqualTo(File.ReadAllBytes(Symbols(first))));
        });
        CheckContents(first);
        TrainWith(first);
    }

    /// <summary>Packs what is committed.</summary>
    /// <returns>The package.</returns>
    private static string Pack(string clone, bool compilesAll)
    {
        Tool.Lines("git", "clone", "--quiet", "--no-hardlinks", Tool.RepositoryRoot, clone);
        string[] cache = compilesAll ? ["CCACHE_DISABLE=1"] : [];
        return Tool.Lines("env", [.. cache, Path.Combine(clone, "proximal"), "pack"]).Single(line => line.EndsWith(".nupkg", StringComparison.Ordinal));
    }

    private static string Symbols(string package) => Path.ChangeExtension(package, ".snupkg");

    private static void CheckContents(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        using ZipArchive symbols = ZipFile.OpenRead(Symbols(package));
        using var nuspec = new StreamReader(archive.GetEntry("Proximal.nuspec")!.Open());
        string text = nuspec.ReadToEnd();
        Assert.Multiple(() =>
        {
            Assert.That(
                archive.Entries.Select(entry => entry.FullName),
                Is.SupersetOf(new[]
                {
                    "LICENSE", "README.md", "THIRD-PARTY-NOTICES", "lib/net10.0/Proximal.dll", "lib/net10.0/Proximal.xml", "lib/net10.0/Proximal.Interop.dll",
                    "runtimes/linux-x64/native/libproximal.so", "runtimes/linux-x64/native/libproximal_torch.so",
                }));
            Assert.That(
                symbols.Entries.Select(entry => entry.FullName),
                Is.SupersetOf(new[] { "lib/net10.0/Proximal.pdb", "lib/net10.0/Proximal.Interop.pdb" }));
            Assert.That(text, Does.Contain("<license type=\"expression\">MIT</license>").And.Contain("<readme>README.md</readme>")
                .And.Not.Contain("id=\"Proximal.Interop\""));
        });
    }

    /// <summary>The example of the repository in a project that knows the package alone; what that depends on comes from the cache.</summary>
    private void TrainWith(string package)
    {
        string project = Directory.CreateDirectory(Path.Combine(_folder, "user")).FullName;
        string version = Path.GetFileNameWithoutExtension(package)["Proximal.".Length..];
        string cache = Tool.Lines("dotnet", "nuget", "locals", "global-packages", "--list").Single().Split(": ", 2)[1].Trim();
        File.WriteAllText(Path.Combine(project, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{project}/packages" /></config>
              <packageSources><clear /><add key="local" value="{Path.GetDirectoryName(package)}" /></packageSources>
              <fallbackPackageFolders><add key="cache" value="{cache}" /></fallbackPackageFolders>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(project, "User.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Proximal" Version="{version}" /></ItemGroup>
            </Project>
            """);
        File.Copy(Tool.InRepository("managed", "Examples", "TrainWithDelegate", "Program.cs"), Path.Combine(project, "Program.cs"));
        string[] output = Tool.Lines("env", "-u", "NUGET_PACKAGES", "dotnet", "run", "--project", project, "--", "3");
        Assert.That(output.Count(line => line.StartsWith("step ", StringComparison.Ordinal)), Is.EqualTo(3), string.Join('\n', output));
        Assert.That(output.Count(line => line.Contains("One day, a little girl", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    private static string Native(string name) => Tool.InRepository("build", "native", "lib", name);

    private static void NamesNoFolder(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (string folder in new[] { Tool.RepositoryRoot, home }.Where(folder => folder.Length > 1))
        {
            int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(folder + "/"));
            Assert.That(at, Is.Negative, string.Create(CultureInfo.InvariantCulture, $"{file} has {folder} at byte {at}"));
        }
    }

    [GeneratedRegex(@"glibc (\d+\.\d+)")]
    private static partial Regex Glibc();

    [GeneratedRegex(@"GLIBCXX_(\d+\.\d+\.\d+)")]
    private static partial Regex Libstdcxx();

    [GeneratedRegex(@"\b(GLIBC|GLIBCXX)_(\d+(?:\.\d+)+)")]
    private static partial Regex VersionNeed();
}
