namespace Proximal.Training.Supervised;

/// <summary>What a run of supervised training is doing.</summary>
public enum SupervisedPhase
{
    /// <summary>Reads model, tokenizer and data.</summary>
    Loading = 0,

    /// <summary>Does a step.</summary>
    Training = 1,

    /// <summary>Measures the validation data.</summary>
    Validation = 2,

    /// <summary>Measures the mean and the deviation of a reward model's scores.</summary>
    Normalization = 3,

    /// <summary>A step is committed; its metrics come with the report.</summary>
    Committed = 4,

    /// <summary>Writes the trained model.</summary>
    Saving = 5,
}
