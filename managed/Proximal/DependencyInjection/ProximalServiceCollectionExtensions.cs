using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Proximal.DependencyInjection;

/// <summary>Registers the engine in a service.</summary>
public static class ProximalServiceCollectionExtensions
{
    /// <summary>
    /// Adds an <see cref="Engine"/>, which all models of the service share: a singleton that is made when it is first asked for,
    /// logs to the service's logger, and is disposed by the container after what was made from it.
    /// </summary>
    /// <param name="services">The service's registrations.</param>
    /// <param name="configure">Sets the engine's options; <see langword="null"/>: defaults, or what a configuration section says.</param>
    /// <returns>Adds models.</returns>
    /// <remarks>Options that cannot be used fail when the host starts. May be called more than once: there is one engine.</remarks>
    /// <example>
    /// <code>
    /// builder.Services.Configure&lt;ProximalOptions&gt;(builder.Configuration.GetSection(ProximalOptions.Section));
    /// builder.Services.AddProximal().AddModel("stories", model => model.Path = "models/stories");
    /// app.MapPost("/story", ([FromKeyedServices("stories")] Generator generator, ...) => ...);
    /// </code>
    /// </example>
    public static ProximalBuilder AddProximal(this IServiceCollection services, Action<ProximalOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<ProximalOptions> options = services.AddOptions<ProximalOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ProximalOptions>, ProximalOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ProximalModelOptions>, ProximalModelOptionsValidator>());
        services.TryAddSingleton(CreateEngine);
        return new ProximalBuilder(services);
    }

    private static Engine CreateEngine(IServiceProvider provider)
    {
        EngineOptions options = provider.GetRequiredService<IOptions<ProximalOptions>>().Value.ToEngineOptions();
        return new Engine(options with { Logger = provider.GetService<ILogger<Engine>>() });
    }
}
