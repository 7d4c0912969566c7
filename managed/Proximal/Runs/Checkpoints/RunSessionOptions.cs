using Microsoft.Extensions.Logging;

namespace Proximal.Runs.Checkpoints;

/// <summary>What a <see cref="RunSession"/> has to know of a run.</summary>
internal sealed record RunSessionOptions
{
    /// <summary>The algorithm, such as <c>ppo</c>: a run of another one is no continuation.</summary>
    public required string Kind { get; init; }

    /// <summary>The run folder, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The run's options, whose attributes say what may change.</summary>
    public required object Options { get; init; }

    /// <summary>The options as YAML, defaults included, paths absolute.</summary>
    public required string Configuration { get; init; }

    /// <summary>Steps of the run where an option says so; <see langword="null"/>: the data decide.</summary>
    public required int? Steps { get; init; }

    /// <summary>Goes on with an earlier run in the folder.</summary>
    public bool Resume { get; init; }

    /// <summary>Replaces an earlier run in the folder.</summary>
    public bool Overwrite { get; init; }

    public required CheckpointOptions Checkpoints { get; init; }

    /// <summary>The folder or a file of the models' tokenizer.</summary>
    public string? TokenizerPath { get; init; }

    /// <summary>The chat template that the models get in place of the tokenizer's; <see langword="null"/>: none.</summary>
    public string? ChatTemplate { get; init; }

    public ILogger? Logger { get; init; }
}
