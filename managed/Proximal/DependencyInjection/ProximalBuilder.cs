using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.DependencyInjection;

/// <summary>Adds models to a service; see <see cref="ProximalServiceCollectionExtensions.AddProximal"/>.</summary>
public sealed class ProximalBuilder
{
    internal ProximalBuilder(IServiceCollection services) => Services = services;

    /// <summary>The service's registrations.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Adds a model as keyed singletons under its name: <see cref="LanguageModel"/>, <see cref="Generator"/> and
    /// <see cref="Tokenizer"/>. Each is made when it is first asked for, and disposed by the container.
    /// </summary>
    /// <param name="name">The key, and the name of the options.</param>
    /// <param name="configure">Sets the options; <see langword="null"/>: they come from elsewhere, such as a configuration section.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">The name is empty, or a model has it already.</exception>
    /// <remarks>Options that cannot be used, and files that are not there, fail when the host starts.</remarks>
    public ProximalBuilder AddModel(string name, Action<ProximalModelOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Services.Any(service => service.ServiceType == typeof(LanguageModel) && Equals(service.ServiceKey, name)))
        {
            throw new ArgumentException($"A model '{name}' is registered already: give each its own name.", nameof(name));
        }

        OptionsBuilder<ProximalModelOptions> options = Services.AddOptions<ProximalModelOptions>(name).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        Services.AddKeyedSingleton(name, (provider, _) =>
            LanguageModel.Load(provider.GetRequiredService<Engine>(), OptionsOf(provider, name).Path));
        Services.AddKeyedSingleton(name, (provider, _) =>
            new Generator(provider.GetRequiredKeyedService<LanguageModel>(name), OptionsOf(provider, name).ToGeneratorOptions()));
        Services.AddKeyedSingleton(name, (provider, _) => Tokenizer.Load(TokenizerOf(OptionsOf(provider, name))));
        return this;
    }

    private static ProximalModelOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<ProximalModelOptions>>().Get(name);

    /// <summary>A .gguf file holds its tokenizer; other files have one beside them.</summary>
    private static string TokenizerOf(ProximalModelOptions options) => options.TokenizerPath
        ?? (Tokenizer.IsAt(options.Path) ? options.Path : RunModels.FolderOf(options.Path));
}
