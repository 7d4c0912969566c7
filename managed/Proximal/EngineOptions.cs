using Microsoft.Extensions.Logging;

namespace Proximal;

/// <summary>How an <see cref="Engine"/> computes.</summary>
public sealed record EngineOptions
{
    /// <summary>The most threads an engine takes.</summary>
    public const int MaxThreads = 1024;

    /// <summary>The highest number of a device.</summary>
    public const int MaxDevice = 64;

    /// <summary>What runs the model's arithmetic.</summary>
    public EngineBackend Backend { get; init; } = EngineBackend.Default;

    /// <summary>
    /// Where models live, and where the kernels of <see cref="Proximal.Kernels"/> that have a CUDA form compute; 0: on the CPU, 1 to
    /// <see cref="MaxDevice"/>: on the first to 64th CUDA device. Of a model, tokens and their numbers alone are copied to and from
    /// it; kernels copy their arrays. Not with <see cref="EngineBackend.Torch"/>. A device that fails closes its engine
    /// (<see cref="ProximalStatus.DeviceError"/>). Tests run this on an emulated device; it has not run on hardware yet.
    /// </summary>
    public int Device { get; init; }

    /// <summary>What matrices are multiplied in; LibTorch multiplies in 32-bit floats alone.</summary>
    public EngineProducts Products { get; init; } = EngineProducts.Default;

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>Receives what the native side has to say, on any thread; <see langword="null"/>: nobody.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Throws where an option cannot be used; the text says what can.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The option and its value.</exception>
    internal void Validate()
    {
        if (!Enum.IsDefined(Backend))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Backend), Backend, $"Backend must be one of {string.Join(", ", Enum.GetNames<EngineBackend>())}.");
        }

        if (Device is < 0 or > MaxDevice)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Device), Device, $"Device must be 0 (the CPU) or 1 (the first CUDA device) to {MaxDevice}.");
        }

        if (!Enum.IsDefined(Products))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Products), Products, $"Products must be one of {string.Join(", ", Enum.GetNames<EngineProducts>())}.");
        }

        if (Products == EngineProducts.Bf16 && Backend == EngineBackend.Torch)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Products), Products, "Products must be Fp32 with the LibTorch backend; use EngineBackend.Core.");
        }

        if (Threads is < 0 or > MaxThreads)
        {
            throw new ArgumentOutOfRangeException(nameof(Threads), Threads, $"Threads must be 0 (choose) to {MaxThreads}.");
        }
    }
}
