namespace Proximal.Training.Ppo;

/// <summary>What a PPO run is doing.</summary>
public enum PpoPhase
{
    /// <summary>Reads model, tokenizer, prompts and rewards.</summary>
    Loading = 0,

    /// <summary>Generates responses.</summary>
    Rollout = 1,

    /// <summary>Computes rewards, values and log-probs.</summary>
    Scoring = 2,

    /// <summary>Trains actor and critic.</summary>
    Update = 3,

    /// <summary>Samples the validation prompts.</summary>
    Validation = 4,

    /// <summary>A step is committed; its metrics come with the report.</summary>
    Committed = 5,

    /// <summary>Writes the trained model.</summary>
    Saving = 6,
}
