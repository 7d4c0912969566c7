using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Proximal.DependencyInjection;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tests.Cli;
using Proximal.Tokenization;

namespace Proximal.Tests.DependencyInjection;

public sealed class ServiceTests
{
    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_a_model() => _tiny = new TinyFolder();

    [TearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public async Task A_host_starts_generates_with_a_keyed_generator_and_leaves_nothing_behind()
    {
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        Engine engine;
        using (IHost host = Host(services => services
            .AddProximal(options => options.Threads = 1)
            .AddModel("tiny", Tiny)))
        {
            await host.StartAsync();
            var generator = host.Services.GetRequiredKeyedService<Generator>("tiny");
            var tokenizer = host.Services.GetRequiredKeyedService<Tokenizer>("tiny");
            engine = host.Services.GetRequiredService<Engine>();
            Generation generation = await generator.GenerateAsync(new GenerationRequest
            {
                SampleId = 1,
                Prompt = [.. tokenizer.Encode("ab")],
                MaxNewTokens = 5,
                StopTokens = [],
            });
            Assert.Multiple(() =>
            {
                Assert.That(generation.Tokens, Has.Length.EqualTo(5));
                Assert.That(generator.Model, Is.SameAs(host.Services.GetRequiredKeyedService<LanguageModel>("tiny")));
                Assert.That(generator.Model.Engine, Is.SameAs(engine), "one engine for the service");
                Assert.That(host.Services.GetRequiredKeyedService<Generator>("tiny"), Is.SameAs(generator), "one generator batches all callers");
                Assert.That(engine.Describe(), Does.Contain("\"threads\":1").Or.Contain("\"threads\": 1"));
            });
            await host.StopAsync();
        }

        Assert.That(Engine.LiveHandles(), Is.EqualTo(before));
        Assert.Throws<ObjectDisposedException>(() => _ = engine.Memory);
    }

    [Test]
    public async Task The_service_of_the_README_tells_stories()
    {
        string readme = await File.ReadAllTextAsync(Interop.Tool.InRepository("README.md"));
        string source = await File.ReadAllTextAsync(
            Interop.Tool.InRepository("tests", "Proximal.Tests", "DependencyInjection", "Stories.cs"));
        Assert.That(readme, Does.Contain(source[source.IndexOf("public sealed class", StringComparison.Ordinal)..]), "what compiles is what is printed");

        var services = new ServiceCollection();
        services.AddProximal(options => options.Threads = 1).AddModel("stories", Tiny).AddModel("other", Tiny);
        services.AddSingleton<Stories>();
        await using ServiceProvider provider = services.BuildServiceProvider();
        string[] told = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => provider.GetRequiredService<Stories>().TellAsync("ab", CancellationToken.None)));
        Assert.Multiple(() =>
        {
            Assert.That(told.Distinct().Count(), Is.EqualTo(3), "each request has its own random numbers");
            Assert.That(provider.GetRequiredKeyedService<Generator>("other"), Is.Not.SameAs(provider.GetRequiredKeyedService<Generator>("stories")));
            Assert.That(
                provider.GetRequiredKeyedService<LanguageModel>("other").Engine,
                Is.SameAs(provider.GetRequiredKeyedService<LanguageModel>("stories").Engine));
        });
    }

    [Test]
    public void Nothing_native_is_made_before_it_is_asked_for()
    {
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        using ServiceProvider provider = new ServiceCollection().AddProximal().AddModel("tiny", Tiny).Services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.That(Engine.LiveHandles(), Is.EqualTo(before));
    }

    [Test]
    public void Options_come_from_a_configuration_section()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Proximal:Threads"] = "1",
            ["Proximal:Backend"] = "torch",
            ["Models:tiny:Path"] = _tiny.Model,
            ["Models:tiny:MaxBatch"] = "3",
        }).Build();
        var services = new ServiceCollection();
        services.Configure<ProximalOptions>(configuration.GetSection(ProximalOptions.Section));
        services.Configure<ProximalModelOptions>("tiny", configuration.GetSection("Models:tiny"));
        services.AddProximal().AddModel("tiny");
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Multiple(() =>
        {
            Assert.That(provider.GetRequiredService<IOptions<ProximalOptions>>().Value.Backend, Is.EqualTo(EngineBackend.Torch));
            Assert.That(provider.GetRequiredService<IOptionsMonitor<ProximalModelOptions>>().Get("tiny").MaxBatch, Is.EqualTo(3));
            Assert.That(provider.GetRequiredKeyedService<Generator>("tiny").Model.Info.VocabularySize, Is.GreaterThan(0));
        });
    }

    [TestCase(-1)]
    [TestCase(EngineOptions.MaxThreads + 1)]
    public void Engine_options_that_cannot_be_used_fail_the_start(int threads)
    {
        using IHost host = Host(services => services.AddProximal(options => options.Threads = threads));
        OptionsValidationException failure = Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())!;
        Assert.That(failure.Failures, Is.EqualTo(new[] { $"Proximal:Threads is {threads}, which cannot be used: Threads must be 0 (choose) to 1024." }));
    }

    [Test]
    public void A_backend_that_is_none_fails_the_start()
    {
        using IHost host = Host(services => services.AddProximal(options => options.Backend = (EngineBackend)9));
        OptionsValidationException failure = Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())!;
        Assert.That(failure.Message, Does.StartWith("Proximal:Backend is 9").And.EndsWith("must be one of Default, Core, Torch."));
    }

    [Test]
    public void Every_fault_of_a_model_is_named_with_its_key_and_what_to_do()
    {
        using IHost host = Host(services => services.AddProximal().AddModel("tiny", options =>
        {
            options.Path = _tiny["nowhere"];
            options.TokenizerPath = _tiny["neither"];
            options.MaxBatch = 0;
        }));
        OptionsValidationException failure = Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())!;
        string[] failures = [.. failure.Failures];
        Assert.That(failures, Has.Length.EqualTo(3));
        Assert.Multiple(() =>
        {
            Assert.That(failures[0], Does.StartWith("Model 'tiny': Path is '").And.Contain("nowhere").And.Contain("set it to a Hugging Face folder"));
            Assert.That(failures[1], Does.StartWith("Model 'tiny': TokenizerPath is '").And.Contain("leave it out"));
            Assert.That(failures[2], Does.StartWith("Model 'tiny': MaxBatch is 0").And.Contain("'1'"));
        });
    }

    [Test]
    public void A_model_without_options_fails_the_start()
    {
        using IHost host = Host(services => services.AddProximal().AddModel("tiny"));
        OptionsValidationException failure = Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())!;
        Assert.That(failure.Message, Does.Contain("Model 'tiny': Path is empty"));
    }

    [Test]
    public void A_name_is_given_once_and_registering_twice_keeps_one_engine()
    {
        var services = new ServiceCollection();
        ProximalBuilder builder = services.AddProximal().AddModel("tiny", Tiny);
        services.AddProximal();
        Assert.Multiple(() =>
        {
            Assert.That(services.Count(service => service.ServiceType == typeof(Engine)), Is.EqualTo(1));
            Assert.That(
                () => builder.AddModel("tiny", Tiny), Throws.ArgumentException.With.Message.Contains("'tiny' is registered already"));
            Assert.That(() => builder.AddModel(" "), Throws.ArgumentException);
        });
    }

    private void Tiny(ProximalModelOptions options) => options.Path = _tiny.Model;

    private static IHost Host(Action<IServiceCollection> register)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(settings: null);
        register(builder.Services);
        return builder.Build();
    }
}
