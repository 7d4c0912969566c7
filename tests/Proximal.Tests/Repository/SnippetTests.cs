using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>Every C# example of a README is a whole program that compiles as it stands.</summary>
public sealed partial class SnippetTests
{
    /// <summary>What projects of the web SDK import without being asked.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        """;

    private static readonly string Shared = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", ".."));

    private string _folder = string.Empty;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory("snippet").FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Snippets))]
    public void It_compiles(string code) => Assert.That(Compile(code), Is.Empty);

    [Test]
    public void The_two_readmes_that_show_code_are_looked_at() =>
        Assert.That(Snippets().Select(snippet => snippet.TestName), Is.SupersetOf(new[] { "README.md 1", "managed/Proximal/README.md 1" }));

    [Test]
    public void What_does_not_compile_is_noticed() => Assert.That(Compile("new Proximal.Engine().Nonsense();"), Does.Contain("CS1061"));

    private static IEnumerable<TestCaseData> Snippets()
    {
        IEnumerable<string> files = Directory.EnumerateFiles(Tool.InRepository("managed"), "*.md", SearchOption.AllDirectories)
            .Prepend(Tool.InRepository("README.md"));
        foreach (string file in files)
        {
            int number = 0;
            foreach (Match block in Block().Matches(File.ReadAllText(file)))
            {
                yield return new TestCaseData(block.Groups[1].Value)
                    .SetName($"{Path.GetRelativePath(Tool.RepositoryRoot, file)} {++number}");
            }
        }
    }

    /// <summary>The compiler of the SDK over the assemblies of this runtime and the library's.</summary>
    /// <returns>Its errors; empty: none.</returns>
    private string Compile(string code)
    {
        string[] sources = [Write("Snippet.cs", code), Write("Usings.cs", ImplicitUsings)];
        IEnumerable<string> references = new[] { Framework("Microsoft.NETCore.App"), Framework("Microsoft.AspNetCore.App") }
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.dll"))
            .Where(file => !Path.GetFileName(file).Contains("Native", StringComparison.Ordinal) && IsManaged(file))
            .Append(Path.Combine(AppContext.BaseDirectory, "Proximal.dll"));
        string response = Write("compile.rsp", string.Join('\n', references.Select(file => $"-r:\"{file}\"").Concat(sources.Select(file => $"\"{file}\""))));
        (int exitCode, string output) = Tool.Run(
            Path.GetFullPath(Path.Combine(Shared, "..", "dotnet")), "exec", Compiler(), "-noconfig", "-nostdlib+", "-nologo", "-nullable:enable", "-warn:0",
            "-langversion:latest", $"-out:{Path.Combine(_folder, "snippet.dll")}", $"@{response}");
        return exitCode == 0 ? string.Empty : output;
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Framework(string name) => Newest(Path.Combine(Shared, name));

    private static string Compiler()
    {
        string sdk = Newest(Path.Combine(Shared, "..", "sdk"));
        return Path.Combine(sdk, "Roslyn", "bincore", "csc.dll");
    }

    private static string Newest(string folder) =>
        Directory.GetDirectories(folder, "10.*").MaxBy(path => Version.Parse(Path.GetFileName(path).Split('-')[0]))
            ?? throw new DirectoryNotFoundException($"nothing of .NET 10 is in {folder}");

    private static bool IsManaged(string file)
    {
        using FileStream stream = File.OpenRead(file);
        using var image = new System.Reflection.PortableExecutable.PEReader(stream);
        return image.HasMetadata;
    }

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
