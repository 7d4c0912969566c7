namespace Proximal.Runs;

/// <summary>The kinds of run, as summary.json names them.</summary>
public static class RunKind
{
    /// <summary>Pretraining.</summary>
    public const string Pretrain = "pretrain";

    /// <summary>Supervised fine-tuning.</summary>
    public const string Sft = "sft";

    /// <summary>A reward model.</summary>
    public const string RewardModel = "rm";

    /// <summary>Proximal policy optimisation.</summary>
    public const string Ppo = "ppo";
}
