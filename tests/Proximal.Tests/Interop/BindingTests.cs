using System.Runtime.InteropServices;
using NUnit.Framework;
using Proximal.Interop;

namespace Proximal.Tests.Interop;

/// <summary>The gates between the C headers, the library and the bindings.</summary>
public sealed class BindingTests
{
    [Test]
    public void Committed_bindings_are_what_the_headers_give()
    {
        (int exitCode, string output) = Tool.Run("/usr/bin/python3", BindGen, "--check");
        Assert.That(
            exitCode,
            Is.Zero,
            $"Needs Debian's python3-clang-14; on drift run /usr/bin/python3 managed/Proximal.Interop/generation/bindgen.py\n{output}");
    }

    [Test]
    public void The_drift_gate_sees_a_changed_and_a_stale_file()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Assert.That(Tool.Run("/usr/bin/python3", BindGen, "--output", folder).ExitCode, Is.Zero);
            Assert.That(Tool.Run("/usr/bin/python3", BindGen, "--check", "--output", folder).ExitCode, Is.Zero);
            string status = Path.Combine(folder, "px_status.cs");
            File.WriteAllText(status, File.ReadAllText(status).Replace("PX_IO = 10", "PX_IO = 11", StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(folder, "px_gone.cs"), "namespace Proximal.Interop;\n");
            (int exitCode, string output) = Tool.Run("/usr/bin/python3", BindGen, "--check", "--output", folder);
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(output, Does.Contain("+    PX_IO = 10,").And.Contain("px_gone.cs"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Sizes_offsets_and_enum_values_are_the_compilers()
    {
        string program = Tool.InRepository("build", "native", "bin", "abi_layout");
        Assert.That(program, Does.Exist, "Build it: cmake --build build/native --target abi_layout");
        string[] native = Tool.Lines(program);
        string[] managed = [.. NativeLayout.Describe()];
        Assert.Multiple(() =>
        {
            Assert.That(native.Except(managed), Is.Empty, "in C, not so in the bindings");
            Assert.That(managed.Except(native), Is.Empty, "in the bindings, not so in C (or missing in tests/native/abi_layout.c)");
            Assert.That(native, Has.Length.GreaterThan(300), "the layout program lists the ABI");
        });
    }

    [Test]
    public void The_running_library_has_the_sizes_of_the_bindings()
    {
        Dictionary<string, int> sizes = NativeLayout.Structs.ToDictionary(type => type.Name, NativeLayout.SizeOf);
        px_struct_id[] ids = Enum.GetValues<px_struct_id>();
        Assert.Multiple(() =>
        {
            foreach (px_struct_id id in ids)
            {
                string name = "px_" + id.ToString()["PX_STRUCT_".Length..].ToLowerInvariant();
                Assert.That(NativeMethods.px_abi_sizeof((int)id), Is.EqualTo((uint)sizes[name]), name);
            }

            Assert.That(sizes.Keys.Where(name => !HasStructId(name)), Is.Empty, "structs without an id");
            Assert.That(NativeMethods.px_abi_sizeof(ids.Length), Is.Zero, "an unknown id");
        });
    }

    [Test]
    public void Every_import_resolves_and_every_export_is_bound()
    {
        nint library = NativeLibraryLoader.Load();
        string[] imports = [.. NativeLayout.Imports.Select(method => method.Name)];
        string[] exports = [.. Exports().Where(name => name.StartsWith("px_", StringComparison.Ordinal))];
        Assert.Multiple(() =>
        {
            Assert.That(imports.Where(name => !NativeLibrary.TryGetExport(library, name, out _)), Is.Empty, "unresolved");
            Assert.That(exports.Except(imports), Is.Empty, "exported, but not bound");
            Assert.That(imports, Has.Length.GreaterThan(40));
        });
    }

    [Test]
    public void The_library_exports_the_abi_and_nothing_else() =>
        Assert.That(Exports().Where(name => !name.StartsWith("px_", StringComparison.Ordinal)), Is.Empty);

    [Test]
    public void The_library_needs_no_LibTorch()
    {
        string[] needed =
            [.. Tool.Lines("readelf", "-d", LibraryPath).Where(line => line.Contains("NEEDED", StringComparison.Ordinal))];
        Assert.That(needed, Is.Not.Empty);
        Assert.That(needed.Where(line => line.Contains("torch", StringComparison.Ordinal) || line.Contains("c10", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void No_import_takes_or_returns_a_type_that_needs_marshalling() =>
        Assert.That(
            NativeLayout.Imports.Where(method =>
                method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType).Any(NeedsMarshalling)),
            Is.Empty);

    private static string BindGen => Tool.InRepository("managed", "Proximal.Interop", "generation", "bindgen.py");

    private static string LibraryPath
    {
        get
        {
            NativeLibraryLoader.Load();
            return NativeLibraryLoader.LoadedPath!;
        }
    }

    private static IEnumerable<string> Exports() =>
        Tool.Lines("nm", "-D", "--defined-only", LibraryPath).Select(line => line.Split(' ')[^1]);

    private static bool HasStructId(string name) =>
        Enum.IsDefined(typeof(px_struct_id), name.ToUpperInvariant().Replace("PX_", "PX_STRUCT_", StringComparison.Ordinal));

    private static bool NeedsMarshalling(Type type) => !(type.IsPointer || type.IsPrimitive || type.IsEnum || type == typeof(void));
}
