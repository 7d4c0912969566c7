using System.Runtime.InteropServices;
using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Interop;

namespace Proximal;

/// <summary>The native engine: backend, threads, log and memory statistics. Models and kernels are used through one.</summary>
/// <remarks>
/// Any thread may use it. What was made from an engine keeps it alive natively, so the order of disposal is free.
/// </remarks>
public sealed unsafe class Engine : IDisposable
{
    private readonly Lazy<double> _productRate;

    /// <summary>Starts an engine.</summary>
    /// <param name="options">How it computes; <see langword="null"/>: all defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="ProximalException">There is no such device, or no library for it; the text says what was tried.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing; the text lists what was tried.</exception>
    public Engine(EngineOptions? options = null)
    {
        options ??= new EngineOptions();
        options.Validate();
        var native = new px_engine_options
        {
            struct_size = (uint)sizeof(px_engine_options),
            backend = (int)options.Backend,
            device = options.Device,
            threads = options.Threads,
            products = (int)options.Products,
            log = options.Logger is null ? null : NativeLog.Sink,
        };
        _productRate = new Lazy<double>(MeasureProducts);
        NativeStatus.Check(Handle.Create(native, options.Logger));
        LiveEngines.Add(this);
    }

    /// <summary>Native memory by purpose.</summary>
    public EngineMemory Memory
    {
        get
        {
            using HandleLease<px_engine> engine = Handle.Acquire();
            var stats = new px_memory_stats { struct_size = (uint)sizeof(px_memory_stats) };
            NativeStatus.Check(NativeMethods.px_engine_memory(engine.Pointer, &stats));
            return new EngineMemory(
                stats.weight_bytes,
                stats.gradient_bytes,
                stats.optimizer_bytes,
                stats.cache_bytes,
                stats.peak_resident_bytes);
        }
    }

    /// <summary>The native engine, for the library's own calls.</summary>
    internal EngineHandle Handle { get; } = new();

    /// <summary>Counts the native objects that are alive in the process, by kind. Zero everywhere: nothing leaks.</summary>
    public static IReadOnlyDictionary<string, long> LiveHandles() => new Dictionary<string, long>
    {
        ["engine"] = NativeMethods.px_live_handles((int)px_handle_kind.PX_HANDLE_ENGINE),
        ["weights"] = NativeMethods.px_live_handles((int)px_handle_kind.PX_HANDLE_WEIGHTS),
        ["model"] = NativeMethods.px_live_handles((int)px_handle_kind.PX_HANDLE_MODEL),
        ["trainer"] = NativeMethods.px_live_handles((int)px_handle_kind.PX_HANDLE_TRAINER),
        ["generator"] = NativeMethods.px_live_handles((int)px_handle_kind.PX_HANDLE_GENERATOR),
    };

    /// <summary>Describes the engine as a JSON object: version, threads, instruction set, and the backend once in use.</summary>
    /// <param name="loadBackend">Opens the backend if that has not happened yet.</param>
    /// <exception cref="ProximalException">The backend is asked for and cannot be opened; the text lists what was tried.</exception>
    public string Describe(bool loadBackend = false)
    {
        using HandleLease<px_engine> engine = Handle.Acquire();
        byte[] buffer = new byte[512];
        while (true)
        {
            fixed (byte* text = buffer)
            {
                long needed;
                NativeStatus.Check(NativeMethods.px_engine_describe(
                    engine.Pointer, loadBackend ? 1 : 0, (sbyte*)text, buffer.Length, &needed));
                if (needed <= buffer.Length)
                {
                    return Marshal.PtrToStringUTF8((nint)text)!;
                }

                buffer = new byte[needed];
            }
        }
    }

    /// <summary>What its matrices are multiplied in.</summary>
    internal EngineProducts Products
    {
        get
        {
            using var description = System.Text.Json.JsonDocument.Parse(Describe(loadBackend: true));
            return description.RootElement.GetProperty("backend").TryGetProperty("products", out var products) && products.ValueEquals("bf16"u8)
                ? EngineProducts.Bf16
                : EngineProducts.Fp32;
        }
    }

    /// <summary>Whether the log-prob recorded with a sampled token has the bits of the one that scoring computes.</summary>
    internal bool SamplesWhatItScores
    {
        get
        {
            using var description = System.Text.Json.JsonDocument.Parse(Describe(loadBackend: true));
            return description.RootElement.GetProperty("backend").TryGetProperty("samples_what_it_scores", out var same) && same.GetBoolean();
        }
    }

    /// <summary>GFLOP/s of a large matrix product in the type of its products, measured when first asked for.</summary>
    internal double ProductRate => _productRate.Value;

    /// <summary>Measures the backend's matrix product [n, n] x [n, n] in the type of its products.</summary>
    /// <param name="n">The matrices' size, 1 to 8192.</param>
    /// <param name="repeats">How often it runs, 1 to 1000; the median counts.</param>
    /// <returns>GFLOP/s.</returns>
    public double MeasureGemm(int n, int repeats)
    {
        using HandleLease<px_engine> engine = Handle.Acquire();
        double gflops;
        NativeStatus.Check(NativeMethods.px_engine_measure_gemm(engine.Pointer, n, repeats, &gflops));
        return gflops;
    }

    // Some milliseconds of work: a small product says how large one may be.
    private double MeasureProducts()
    {
        const int Small = 256, Large = 2048, Repeats = 5;
        const double Seconds = 5e-3;
        double cube = MeasureGemm(Small, 1) * 1e9 * Seconds / 2;
        int size = Math.Clamp((int)Math.Cbrt(cube) / Small * Small, Small, Large);
        return MeasureGemm(size, Repeats);
    }

    /// <summary>Gives the engine up; objects made from it keep the native one until they are disposed.</summary>
    public void Dispose()
    {
        LiveEngines.Remove(this);
        Handle.Dispose();
    }
}
