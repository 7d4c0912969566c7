namespace Proximal.WarmStories;

/// <summary>The parts of the demo, in their order.</summary>
public enum DemoStage
{
    /// <summary>Writes the base model and the data into the folder.</summary>
    Preparation = 0,

    /// <summary>Supervised fine-tuning on the warm stories.</summary>
    FineTuning = 1,

    /// <summary>The reward model, on one half of the preference triples.</summary>
    RewardModel = 2,

    /// <summary>The judge: a second reward model, on the other half.</summary>
    Judge = 3,

    /// <summary>PPO against the reward model, with the fine-tuned model as reference.</summary>
    Ppo = 4,

    /// <summary>The same PPO with the base model as reference.</summary>
    PpoWithBaseReference = 5,

    /// <summary>All models answer the test prompts, and both reward models score them.</summary>
    Evaluation = 6,

    /// <summary>Writes summary.json and the report.</summary>
    Report = 7,
}
