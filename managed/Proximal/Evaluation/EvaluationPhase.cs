namespace Proximal.Evaluation;

/// <summary>What an evaluation is doing.</summary>
public enum EvaluationPhase
{
    /// <summary>Reading models and files.</summary>
    Loading,

    /// <summary>The baseline answers the prompts.</summary>
    Baseline,

    /// <summary>The model answers the prompts.</summary>
    Model,

    /// <summary>Rewards and log-probs.</summary>
    Scoring,

    /// <summary>Both models answer the sensitive prompts.</summary>
    Toxicity,
}
