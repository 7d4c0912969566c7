using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Proximal.Interop;

/// <summary>Finds libproximal.so, checks that it is the one these bindings were made for, and keeps what it tried.</summary>
internal static unsafe class NativeLibraryLoader
{
    /// <summary>Environment variable that names the folder of the native libraries; nothing else is tried then.</summary>
    public const string DirectoryVariable = "PROXIMAL_NATIVE_DIR";

    private const string ImportName = "proximal";
    private const string FileName = "libproximal.so";
    private static readonly Lock Gate = new();
    private static List<LoadAttempt> attempts = [];
    private static nint library;

    /// <summary>What the last load tried, in order.</summary>
    public static IReadOnlyList<LoadAttempt> Attempts
    {
        get
        {
            lock (Gate)
            {
                return [.. attempts];
            }
        }
    }

    /// <summary>The file that is loaded, or <see langword="null"/>.</summary>
    public static string? LoadedPath => Attempts.FirstOrDefault(attempt => attempt.Error is null)?.Path;

    /// <summary>The version of the managed libraries, which the native one must share.</summary>
    public static string ManagedVersion { get; } =
        typeof(NativeLibraryLoader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    /// <summary>Makes the imports of this assembly go through <see cref="Load"/>.</summary>
    public static void Register() =>
        NativeLibrary.SetDllImportResolver(
            typeof(NativeLibraryLoader).Assembly, static (name, _, _) => name == ImportName ? Load() : 0);

    /// <summary>Loads the library once; a later call returns the same handle.</summary>
    /// <exception cref="DllNotFoundException">No candidate could be used; the text lists each with its error.</exception>
    public static nint Load()
    {
        lock (Gate)
        {
            if (library == 0)
            {
                attempts = [];
                library = FirstUsable(Candidates());
            }

            return library;
        }
    }

    /// <summary>The text of a failed load: what was tried, why each failed, and what to do next.</summary>
    internal static string Explain(IEnumerable<LoadAttempt> tried)
    {
        var text = new StringBuilder($"The native library {FileName} could not be loaded. Tried:");
        foreach (LoadAttempt attempt in tried)
        {
            text.Append($"\n  {attempt.Path}\n    {attempt.Error}");
        }

        return text.Append("\nNext steps:")
            .Append("\n  1. From the package: it is made for Linux x64 with glibc 2.34 and GCC 12's libstdc++ or newer. From the sources, build it:")
            .Append(" cmake -S . -B build/native && cmake --build build/native, then build the managed projects again.")
            .Append($"\n  2. Or set {DirectoryVariable} to the folder that holds {FileName}.")
            .Append("\n  3. Run `proximal doctor`; for a file that is there, `ldd FILE` names a missing dependency.")
            .ToString();
    }

    /// <summary>
    /// The files to try: the folder that the environment names, else those beside the program and, as for a single file that
    /// unpacks itself, in the folders that the host looks into.
    /// </summary>
    internal static IReadOnlyList<string> Candidates()
    {
        string? directory = Environment.GetEnvironmentVariable(DirectoryVariable);
        if (!string.IsNullOrEmpty(directory))
        {
            return [Path.GetFullPath(Path.Combine(directory, FileName))];
        }

        string[] beside =
        [
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", FileName),
            Path.Combine(AppContext.BaseDirectory, FileName),
        ];
        return [.. beside.Union(HostFolders().Select(folder => Path.Combine(folder, FileName)).Where(File.Exists))];
    }

    private static string[] HostFolders() =>
        (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static nint FirstUsable(IEnumerable<string> candidates)
    {
        foreach (string path in candidates)
        {
            string? error = TryLoad(path, out nint handle);
            attempts.Add(new LoadAttempt(path, error));
            if (error is null)
            {
                return handle;
            }
        }

        throw new DllNotFoundException(Explain(attempts));
    }

    /// <summary>Loads one file; returns why it cannot be used, or <see langword="null"/>.</summary>
    internal static string? TryLoad(string path, out nint handle)
    {
        handle = 0;
        if (!File.Exists(path))
        {
            return "no such file";
        }

        try
        {
            handle = NativeLibrary.Load(path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return exception.Message.ReplaceLineEndings(" ").Trim();
        }

        string? mismatch = Mismatch(handle);
        if (mismatch is not null)
        {
            NativeLibrary.Free(handle);
            handle = 0;
        }

        return mismatch;
    }

    private static string? Mismatch(nint handle)
    {
        if (!NativeLibrary.TryGetExport(handle, nameof(NativeMethods.px_abi_version), out nint abiVersion)
            || !NativeLibrary.TryGetExport(handle, nameof(NativeMethods.px_version), out nint version))
        {
            return "is not a Proximal library: it has no px_abi_version and px_version";
        }

        int abi = ((delegate* unmanaged[Cdecl]<int>)abiVersion)();
        if (abi != NativeMethods.PX_ABI_VERSION)
        {
            return $"has ABI version {abi}; these bindings are made for {NativeMethods.PX_ABI_VERSION}: build native and managed from the same sources";
        }

        byte* buffer = stackalloc byte[64];
        ((delegate* unmanaged[Cdecl]<byte*, long, long>)version)(buffer, 64);
        string native = Marshal.PtrToStringUTF8((nint)buffer)!;
        return native == ManagedVersion
            ? null
            : $"has version {native}; the managed libraries have {ManagedVersion}: build native and managed from the same sources";
    }
}
