using System.Text.Json.Serialization;
using Proximal.Configuration;
using Proximal.Rewards;
using Proximal.Runs;

namespace Proximal.Evaluation;

/// <summary>A comparison of two models from files to a folder.</summary>
/// <remarks>Relative paths start at <see cref="BaseDirectory"/>.</remarks>
public sealed record EvaluationRunOptions
{
    /// <summary>What the model is measured against, such as the SFT model: a Hugging Face folder or a llama2.c .bin file.</summary>
    [ConfigurationPath]
    public required string Baseline { get; init; }

    /// <summary>The model: a Hugging Face folder or a llama2.c .bin file.</summary>
    [ConfigurationPath]
    public required string Model { get; init; }

    /// <summary>The folder or file of the tokenizer of both; <see langword="null"/>: the model's folder.</summary>
    [ConfigurationPath]
    public string? Tokenizer { get; init; }

    /// <summary>The Jinja file by which prompts of messages become text; <see langword="null"/>: the chat template beside the tokenizer.</summary>
    [ConfigurationPath]
    public string? ChatTemplate { get; init; }

    /// <summary>What both models answer; best prompts that neither was trained on.</summary>
    public required PromptsOptions Prompts { get; init; }

    /// <summary>The rewards, as in a PPO run; the score is their weighted sum. Empty: no reward and no win rate.</summary>
    public IReadOnlyList<RewardOptions> Rewards { get; init; } = [];

    /// <summary>A second opinion, best one that the model was not trained by; <see langword="null"/>: none.</summary>
    public RewardOptions? Judge { get; init; }

    /// <summary>
    /// Further models, by name, that the distance of both is measured to, such as the base model: Hugging Face folders or
    /// llama2.c .bin files with the same tokenizer.
    /// </summary>
    [ConfigurationPath]
    public IReadOnlyDictionary<string, string> References { get; init; } = new Dictionary<string, string>();

    /// <summary>How the models are compared.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>The folder for eval.json, eval.html, eval.md and pairs.jsonl; <see langword="null"/>: nothing is written.</summary>
    [ConfigurationPath]
    public string? Output { get; init; }

    /// <summary>Replaces an earlier evaluation in the folder; without it such a folder is refused. Votes are never replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>What matrices are multiplied in.</summary>
    public EngineProducts Products { get; init; }

    /// <summary>Where relative paths start; <see langword="null"/>: the working directory. Not a key of the file.</summary>
    [JsonIgnore]
    public string? BaseDirectory { get; init; }

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public void Validate()
    {
        Internal.Require.NotBlank(Baseline);
        Internal.Require.NotBlank(Model);
        ArgumentNullException.ThrowIfNull(Prompts);
        Prompts.Validate();
        ArgumentNullException.ThrowIfNull(Rewards);
        ArgumentNullException.ThrowIfNull(References);
        ArgumentNullException.ThrowIfNull(Evaluation);
        Evaluation.Validate();
        Internal.Require.Between(Threads, 0, EngineOptions.MaxThreads);
        Internal.Require.Defined(Products);
    }

    /// <summary>The path as the evaluation opens it.</summary>
    internal string Resolve(string path) => Path.GetFullPath(path, Path.GetFullPath(BaseDirectory ?? "."));
}
