using System.Text.Json.Serialization;
using Proximal.Configuration;
using Proximal.Rewards;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>A PPO run from files to a run folder.</summary>
/// <remarks>Relative paths, <see cref="Output"/> included, start at <see cref="BaseDirectory"/>.</remarks>
public sealed record PpoRunOptions
{
    /// <summary>The start model: a Hugging Face folder or a llama2.c .bin file. It becomes actor and reference.</summary>
    [ConfigurationPath]
    public required string Model { get; init; }

    /// <summary>The folder or file of the tokenizer; <see langword="null"/>: the model's folder.</summary>
    [ConfigurationPath]
    public string? Tokenizer { get; init; }

    /// <summary>The frozen reference; <see langword="null"/>: a copy of the start model.</summary>
    [ConfigurationPath]
    public string? Reference { get; init; }

    /// <summary>The critic's start, a model with a scalar head; <see langword="null"/>: the start model with a head of zeros.</summary>
    [ConfigurationPath]
    public string? Critic { get; init; }

    /// <summary>What the run trains on.</summary>
    public required PromptsOptions Prompts { get; init; }

    /// <summary>The rewards, at least one; the score is their weighted sum.</summary>
    public required IReadOnlyList<RewardOptions> Rewards { get; init; }

    /// <summary>The arithmetic.</summary>
    public PpoOptions Ppo { get; init; } = new();

    /// <summary>Measurements on other prompts; <see langword="null"/>: none.</summary>
    public ValidationOptions? Validation { get; init; }

    /// <summary>The run folder; it is created, with its parents.</summary>
    [ConfigurationPath]
    public required string Output { get; init; }

    /// <summary>Replaces an earlier run in the folder; without it such a folder is refused.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Writes every response of a step to samples.jsonl at steps that are multiples of this; 0: never.</summary>
    public int SamplesEvery { get; init; } = 1;

    /// <summary>Decides prompts, sampling and minibatches. Same seed and threads: the same run, bit for bit.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>Where relative paths start; <see langword="null"/>: the working directory. Not a key of the file.</summary>
    [JsonIgnore]
    public string? BaseDirectory { get; init; }

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public void Validate()
    {
        NotEmpty(Model, nameof(Model));
        NotEmpty(Output, nameof(Output));
        ArgumentNullException.ThrowIfNull(Prompts);
        NotEmpty(Prompts.Path, "Prompts.Path");
        NotEmpty(Prompts.Field, "Prompts.Field");
        ArgumentNullException.ThrowIfNull(Rewards);
        if (Rewards.Count == 0)
        {
            throw new ArgumentException("Rewards is empty: a run needs at least one reward.", nameof(Rewards));
        }

        ArgumentNullException.ThrowIfNull(Ppo);
        Ppo.Validate();
        if (Validation is { } validation)
        {
            NotEmpty(validation.Prompts, "Validation.Prompts");
            NotEmpty(validation.Field, "Validation.Field");
            Internal.Require.AtLeast(validation.Samples, 1, "Validation.Samples");
            Internal.Require.AtLeast(validation.Every, 1, "Validation.Every");
        }

        Internal.Require.AtLeast(SamplesEvery, 0);
        Internal.Require.Between(Threads, 0, EngineOptions.MaxThreads);
    }

    /// <summary>The path as the run opens it.</summary>
    internal string Resolve(string path) => Path.GetFullPath(path, Path.GetFullPath(BaseDirectory ?? "."));

    private static void NotEmpty(string? value, string name)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new ArgumentException($"{name} is empty: give it a value.", name);
        }
    }
}
