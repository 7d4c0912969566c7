using Proximal.Tests.Golden.Operations;

namespace Proximal.Tests.Golden;

/// <summary>What computes the cases of each operation.</summary>
internal static class RlOperations
{
    public static RlOutcome Run(RlCase one, Engine engine) => one.Operation switch
    {
        "gae" => GaeCases.Run(one, engine),
        "whiten" => WhitenCases.Run(one, engine),
        "kl" => KlCases.Run(one, engine),
        "reward_shaping" => RewardShapingCases.Run(one, engine),
        "policy_loss" => PolicyLossCases.Run(one, engine),
        "aggregation" => AggregationCases.Run(one),
        "value_loss" => ValueLossCases.Run(one, engine),
        "logprob_entropy" => LogProbCases.Run(one, engine),
        "kl_controller" => KlControllerCases.Run(one),
        "reward_model_loss" => RewardModelCases.Run(one, engine),
        "preference_loss" => PreferenceCases.Run(one, engine),
        "group_advantage" => GroupAdvantageCases.Run(one, engine),
        "penalties" => PenaltyCases.Run(one),
        "adamw" => AdamWCases.Run(one, engine),
        "lr_schedule" => ScheduleCases.Run(one),
        "sampling_filters" => SamplingCases.Run(one, engine),
        _ => throw new InvalidDataException(
            $"Operation '{one.Operation}' of {one.File} has neither code nor a rule in golden-scope.json."),
    };
}
