using System.Diagnostics;
using System.Text;

namespace Proximal.Tests.Cli;

/// <summary>The command as a process of its own.</summary>
internal static class CliProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Starts <c>proximal</c> with redirected streams.</summary>
    public static Process Start(params string[] arguments) => Launch(Command(arguments));

    /// <summary>Runs a shell line in which <c>"$@"</c> is <c>proximal</c> with the arguments.</summary>
    public static CliRun Shell(string line, params string[] arguments)
    {
        using Process process = Launch(["/bin/bash", "-c", line, "bash", .. Command(arguments)]);
        process.StandardInput.Close();
        return End(process);
    }

    /// <summary>Gives a process its input and waits for its end.</summary>
    public static CliRun Run(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return End(process);
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(Process process, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end of a process and takes what it printed.</summary>
    public static CliRun End(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {Patience}: {error.Result}");
        }

        return new CliRun(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>The line that starts <c>proximal</c>.</summary>
    public static string[] Command(string[] arguments) =>
        [Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath! : "dotnet",
            Path.Combine(AppContext.BaseDirectory, "Proximal.Cli.dll"), .. arguments];

    private static Process Launch(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        return Process.Start(start)!;
    }
}
