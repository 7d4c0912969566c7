using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Proximal.Diagnostics;

/// <summary>The engines whose memory is measured. It keeps none of them alive.</summary>
internal static class LiveEngines
{
    private static readonly ConditionalWeakTable<Engine, object> Engines = [];

    public static void Add(Engine engine) => Engines.Add(engine, engine.Handle);

    public static void Remove(Engine engine) => Engines.Remove(engine);

    /// <summary>Bytes by purpose, over all engines.</summary>
    public static IEnumerable<Measurement<long>> Measure()
    {
        ulong weights = 0;
        ulong gradients = 0;
        ulong optimizer = 0;
        ulong cache = 0;
        foreach ((Engine engine, _) in Engines)
        {
            if (TryRead(engine) is { } memory)
            {
                weights += memory.WeightBytes;
                gradients += memory.GradientBytes;
                optimizer += memory.OptimizerBytes;
                cache += memory.CacheBytes;
            }
        }

        return [Of("weights", weights), Of("gradients", gradients), Of("optimizer", optimizer), Of("cache", cache)];
    }

    /// <summary>An engine may be disposed while it is looked at: it then has nothing to tell.</summary>
    private static EngineMemory? TryRead(Engine engine)
    {
        try
        {
            return engine.Memory;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private static Measurement<long> Of(string purpose, ulong bytes) =>
        new((long)bytes, KeyValuePair.Create<string, object?>(ProximalTelemetry.MemoryTag, purpose));
}
