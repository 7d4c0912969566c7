using Proximal.Evaluation;
using Proximal.Runs;

namespace Proximal.Configuration.Schemas;

/// <summary>A command that a YAML file configures.</summary>
/// <param name="Name">The command.</param>
/// <param name="Type">The record that the file becomes.</param>
internal sealed record ConfigurationStage(string Name, Type Type)
{
    /// <summary>All of them, in the order in which they are run.</summary>
    public static IReadOnlyList<ConfigurationStage> All { get; } =
    [
        new(RunKind.Pretrain, typeof(PretrainRunOptions)),
        new(RunKind.Sft, typeof(SftRunOptions)),
        new(RunKind.RewardModel, typeof(RewardModelRunOptions)),
        new(RunKind.Ppo, typeof(PpoRunOptions)),
        new("eval", typeof(EvaluationRunOptions)),
    ];

    /// <summary>What it does can be resumed, with some keys changed.</summary>
    public bool IsResumable => typeof(RunOptions).IsAssignableFrom(Type);

    /// <summary>The file of its schema.</summary>
    public string SchemaFile => $"{Name}.schema.json";

    /// <summary>The stage of a name; <see langword="null"/>: there is none.</summary>
    public static ConfigurationStage? Find(string name) => All.FirstOrDefault(stage => stage.Name == name);
}
