namespace Proximal.Data.Checking;

/// <summary>What the rows of a file are.</summary>
public enum DataShape
{
    /// <summary>A prompt with a better and a worse answer, for a reward model.</summary>
    Preferences = 0,

    /// <summary>A prompt and a response, for supervised fine-tuning.</summary>
    Examples = 1,

    /// <summary>Texts that are learned as a whole.</summary>
    Texts = 2,

    /// <summary>Prompts, for PPO and evaluation.</summary>
    Prompts = 3,

    /// <summary>A prompt and a response that is labelled as good or bad (KTO): supervised fine-tuning learns the good ones.</summary>
    Judgements = 4,
}
