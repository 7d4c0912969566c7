using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proximal.Runs.Checkpoints;

/// <summary>What <c>state.json</c> of a checkpoint says.</summary>
internal sealed record CheckpointState
{
    public int Format { get; init; } = CheckpointJson.Format;

    /// <summary>The algorithm: a run of another one is no continuation.</summary>
    public required string Kind { get; init; }

    /// <summary>Steps committed.</summary>
    public required int Step { get; init; }

    /// <summary>The version of Proximal that wrote it.</summary>
    public required string Version { get; init; }

    /// <summary>Threads that the engine computed with: other ones give other last bits.</summary>
    public required int Threads { get; init; }

    /// <summary>What the engine multiplied in; <see langword="null"/>: an older version wrote this and did not say.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<EngineProducts>))]
    public EngineProducts? Products { get; init; }

    /// <summary>Bytes of each file of the run folder that rows are appended to.</summary>
    public required IReadOnlyDictionary<string, long> Files { get; init; }

    /// <summary>Fingerprints of what the run reads again when it is resumed.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>The curves of this step alone.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Each curve's last value up to this step.</summary>
    public required IReadOnlyDictionary<string, double> Latest { get; init; }

    /// <summary>
    /// The row of this step when it is not in metrics.jsonl yet: the run was interrupted in the validation that belongs to it.
    /// </summary>
    public UnfinishedRow? Unfinished { get; init; }

    /// <summary>What the trainer keeps beside models and optimizers: cursors, controllers, running statistics.</summary>
    public JsonElement Trainer { get; init; }
}
