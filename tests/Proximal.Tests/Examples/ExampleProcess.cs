using System.Diagnostics;

namespace Proximal.Tests.Examples;

/// <summary>An example as a process of its own, one thread.</summary>
internal static class ExampleProcess
{
    /// <summary>Starts an example with redirected streams.</summary>
    public static Process Start(string name, params string[] arguments)
    {
        // bin/Proximal.Tests/release/ of the build; the examples lie beside it.
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", name, configuration, $"{name}.dll"));
        var start = new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PROXIMAL_THREADS"] = "1";
        return Process.Start(start)!;
    }
}
