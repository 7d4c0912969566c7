using Proximal.Rollouts;

namespace Proximal.DependencyInjection;

/// <summary>A model of a service, and how its generator works. The options' name is the model's key.</summary>
public sealed class ProximalModelOptions
{
    /// <summary>A Hugging Face folder, or a .gguf or llama2.c .bin file.</summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>Where the tokenizer is; <see langword="null"/>: beside the model.</summary>
    public string? TokenizerPath { get; set; }

    /// <summary>Sequences decoded together; at least 1. What is drawn does not depend on it.</summary>
    public int MaxBatch { get; set; } = new GeneratorOptions().MaxBatch;

    /// <summary>Picks the random numbers together with each request's sample id.</summary>
    public ulong Seed { get; set; }

    /// <summary>Bytes that keys and values may take, see <see cref="GeneratorOptions.CacheBytes"/>; 0: what the responses need.</summary>
    public long CacheBytes { get; set; }

    internal GeneratorOptions ToGeneratorOptions() => new() { MaxBatch = MaxBatch, Seed = Seed, CacheBytes = CacheBytes };
}
