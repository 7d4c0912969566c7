namespace Proximal.DependencyInjection;

/// <summary>How the engine of a service computes; binds to a configuration section of that name.</summary>
public sealed class ProximalOptions
{
    /// <summary>The section that a service binds: <c>Configure&lt;ProximalOptions&gt;(configuration.GetSection(ProximalOptions.Section))</c>.</summary>
    public const string Section = "Proximal";

    /// <summary>What runs the models' arithmetic.</summary>
    public EngineBackend Backend { get; set; } = EngineBackend.Default;

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; set; }

    /// <summary>What matrices are multiplied in.</summary>
    public EngineProducts Products { get; set; } = EngineProducts.Default;

    internal EngineOptions ToEngineOptions() => new() { Backend = Backend, Threads = Threads, Products = Products };
}
