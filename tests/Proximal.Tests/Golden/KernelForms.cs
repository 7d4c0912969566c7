using System.Runtime.InteropServices;
using Proximal.Interop;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Golden;

/// <summary>The forms that a kernel has here: one for each instruction set of the machine, and CUDA's under the emulator.</summary>
internal static partial class KernelForms
{
    public const string EmulatedCuda = "emulated cuda";
    private const string CudaLibrary = "PROXIMAL_CUDA_LIBRARY";
    private const string Isa = "PROXIMAL_ISA";
    private static readonly string[] Levels = ["scalar", "avx2", "avx512", "avx512bf16", "amx"];

    /// <summary>Those that this machine runs.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Levels.Where(Runs), EmulatedCuda];

    /// <summary>An engine whose kernels have this form.</summary>
    public static Engine Start(string form) => form == EmulatedCuda
        ? With(CudaLibrary, EmulatedLibrary(), () => new Engine(new EngineOptions { Device = 1 }))
        : With(Isa, form, () => new Engine());

    /// <summary>What the description of an engine says where its kernels have this form.</summary>
    public static string Described(string form) =>
        form == EmulatedCuda ? "\"name\":\"emulator on the CPU\"" : $"\"isa\":\"{form}\"";

    /// <summary>Built beside the native library; the managed build does not copy it.</summary>
    private static string EmulatedLibrary()
    {
        string? folder = Environment.GetEnvironmentVariable(NativeLibraryLoader.DirectoryVariable);
        return Path.Combine(
            string.IsNullOrEmpty(folder) ? Tool.InRepository("build", "native", "lib") : folder, "libproximal_cuda_emulated.so");
    }

    private static bool Runs(string level)
    {
        try
        {
            Start(level).Dispose();
            return true;
        }
        catch (ProximalException refusal) when (refusal.Status == ProximalStatus.Unsupported)
        {
            return false;
        }
    }

    /// <summary>The native side reads the environment of the process, of which .NET has a copy.</summary>
    private static Engine With(string variable, string value, Func<Engine> start)
    {
        string? before = Environment.GetEnvironmentVariable(variable);
        _ = SetEnvironment(variable, value, 1);
        try
        {
            return start();
        }
        finally
        {
            _ = before is null ? UnsetEnvironment(variable) : SetEnvironment(variable, before, 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetEnvironment(string name);
}
