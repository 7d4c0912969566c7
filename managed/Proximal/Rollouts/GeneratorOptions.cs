using Proximal.Interop;

namespace Proximal.Rollouts;

/// <summary>How a <see cref="Generator"/> works.</summary>
public sealed record GeneratorOptions
{
    /// <summary>Sequences decoded together; at least 1. What is drawn does not depend on it.</summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>Picks the random numbers together with each request's sample id.</summary>
    public ulong Seed { get; init; }

    /// <summary>Throws where an option cannot be used.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The option and its value.</exception>
    internal void Validate() => ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatch, 1);

    internal unsafe px_generator_options ToNative()
    {
        Validate();
        return new px_generator_options
        {
            struct_size = (uint)sizeof(px_generator_options),
            max_batch = MaxBatch,
            seed = Seed,
        };
    }
}
