namespace TrainingService;

/// <summary>The training run of this service: section "Training" of its configuration.</summary>
internal sealed record TrainingOptions
{
    public const string Section = "Training";

    /// <summary>Where the models, the run and its checkpoints lie.</summary>
    public string Folder { get; init; } = "training";

    /// <summary>Steps of the run.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Responses a step.</summary>
    public int PromptsPerStep { get; init; } = 64;

    /// <summary>Threads that train; the rest of the machine answers requests.</summary>
    public int Threads { get; init; } = 1;
}
