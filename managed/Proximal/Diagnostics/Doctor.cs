using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Proximal.Interop;

namespace Proximal.Diagnostics;

/// <summary>Looks at everything on this machine that decides whether and how fast the engine runs.</summary>
public static class Doctor
{
    private const double SlowGemm = 50;
    private const int GemmSize = 1024;
    private const int GemmRepeats = 5;
    private const string CoreTypeVariable = "OPENBLAS_CORETYPE";
    private const string ThreadsVariable = "PROXIMAL_THREADS";

    /// <summary>Examines the machine. What is broken becomes a finding; nothing throws for it.</summary>
    /// <param name="engine">The engine to examine; <see langword="null"/>: a new one with default options.</param>
    public static DoctorReport Run(Engine? engine = null)
    {
        var findings = new List<DoctorFinding>();
        AddProcess(findings);
        if (AddNativeLibrary(findings))
        {
            AddEngine(findings, engine);
        }

        findings.Add(new("GPU", "not used: this version computes on the CPU only"));
        return new DoctorReport(findings);
    }

    private static void AddProcess(List<DoctorFinding> findings)
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        findings.Add(new("Proximal", NativeLibraryLoader.ManagedVersion));
        findings.Add(new(".NET", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}"));
        findings.Add(new("system", RuntimeInformation.OSDescription));
        findings.Add(new("cores", Invariant($"{Environment.ProcessorCount} usable by this process")));
        findings.Add(new("memory", $"{Gibibytes(memory.TotalAvailableMemoryBytes)} for this process at most"));
        findings.Add(new(ThreadsVariable, Environment.GetEnvironmentVariable(ThreadsVariable) ?? "not set"));
        string? coreType = Environment.GetEnvironmentVariable(CoreTypeVariable);
        findings.Add(string.IsNullOrEmpty(coreType)
            ? new(CoreTypeVariable, "not set")
            : new(
                CoreTypeVariable,
                coreType,
                DoctorSeverity.Warning,
                $"It makes OpenBLAS use the kernels of {coreType}, which may halve its speed: unset it."));
    }

    private static bool AddNativeLibrary(List<DoctorFinding> findings)
    {
        try
        {
            NativeLibraryLoader.Load();
        }
        catch (DllNotFoundException failure)
        {
            findings.Add(new(
                "native library", failure.Message, DoctorSeverity.Error, "Follow the steps above; nothing else works without it."));
            return false;
        }

        foreach (LoadAttempt attempt in NativeLibraryLoader.Attempts)
        {
            findings.Add(new("native library", $"{attempt.Path}: {attempt.Error ?? "loaded"}"));
        }

        findings.Add(new("ABI version", Invariant(
            $"{NativeMethods.px_abi_version()}; the bindings are made for {NativeMethods.PX_ABI_VERSION}")));
        return true;
    }

    private static void AddEngine(List<DoctorFinding> findings, Engine? engine)
    {
        if (engine is not null)
        {
            Examine(findings, engine);
            return;
        }

        try
        {
            using var own = new Engine();
            Examine(findings, own);
        }
        catch (ArgumentException failure)
        {
            // A bad PROXIMAL_THREADS, for one.
            findings.Add(new("engine", failure.Message, DoctorSeverity.Error, "Correct what the text names."));
        }
    }

    private static void Examine(List<DoctorFinding> findings, Engine engine)
    {
        try
        {
            AddDescription(findings, engine.Describe(loadBackend: true));
            AddSpeed(findings, engine.MeasureGemm(GemmSize, GemmRepeats));
        }
        catch (ProximalException failure)
        {
            findings.Add(new(
                "backend", failure.Message, DoctorSeverity.Error, "Without a backend models neither run nor train."));
        }

        foreach (string path in LoadedLibraries())
        {
            findings.Add(new("loaded", path));
        }
    }

    private static void AddDescription(List<DoctorFinding> findings, string json)
    {
        using var description = JsonDocument.Parse(json);
        foreach (JsonProperty property in description.RootElement.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Object)
            {
                findings.Add(new($"engine {property.Name}", property.Value.ToString()));
                continue;
            }

            foreach (JsonProperty detail in property.Value.EnumerateObject())
            {
                findings.Add(new($"{property.Name} {detail.Name}", detail.Value.ToString()));
            }
        }
    }

    private static void AddSpeed(List<DoctorFinding> findings, double gflops)
    {
        const string Topic = "matrix product";
        string value = Invariant($"{gflops:F0} GFLOP/s ({GemmSize} x {GemmSize}, in the type of the products)");
        findings.Add(gflops >= SlowGemm
            ? new(Topic, value)
            : new(
                Topic,
                value,
                DoctorSeverity.Warning,
                Invariant($"Below {SlowGemm} GFLOP/s: probably the reference BLAS. Install libopenblas0-openmp and see ")
                + "`update-alternatives --display libblas.so.3-x86_64-linux-gnu`."));
    }

    /// <summary>The libraries in this process that matter for speed, as the kernel lists them.</summary>
    private static IEnumerable<string> LoadedLibraries()
    {
        const string Maps = "/proc/self/maps";
        string[] names = ["libproximal", "libtorch", "libc10", "blas", "lapack", "mkl", "libgomp", "libomp", "dnnl"];
        return !File.Exists(Maps)
            ? []
            : File.ReadLines(Maps)
                .Select(line => line.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? line[slash..] : string.Empty)
                .Where(path => names.Any(name => Path.GetFileName(path).Contains(name, StringComparison.Ordinal)))
                .Distinct()
                .Order(StringComparer.Ordinal);
    }

    private static string Gibibytes(long bytes) => Invariant($"{bytes / (double)(1L << 30):F1} GiB");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
