using Proximal.Interop;

namespace Proximal.Rollouts;

/// <summary>How a <see cref="Generator"/> works.</summary>
public sealed record GeneratorOptions
{
    /// <summary>Sequences decoded together; at least 1. What is drawn does not depend on it.</summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>Picks the random numbers together with each request's sample id.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Bytes that keys and values may take; at least 0, 0: what the responses need. Where they end, the responses that came
    /// last pause and are computed anew later; what is drawn does not depend on it. A request that alone needs more is refused.
    /// </summary>
    public long CacheBytes { get; init; }

    /// <summary>Throws where an option cannot be used.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The option and its value.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(CacheBytes);
    }

    internal unsafe px_generator_options ToNative()
    {
        Validate();
        return new px_generator_options
        {
            struct_size = (uint)sizeof(px_generator_options),
            max_batch = MaxBatch,
            seed = Seed,
            cache_bytes = CacheBytes,
        };
    }
}
