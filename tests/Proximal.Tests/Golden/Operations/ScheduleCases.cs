using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Learning rates along the steps as transformers counts them, three beyond the end included; in double.</summary>
internal static class ScheduleCases
{
    private const int StepsBeyondTheEnd = 3;

    public static RlOutcome Run(RlCase one)
    {
        LearningRateSchedule schedule = Schedule(one);
        double rate = one.Number("lr");
        double[] rates =
        [
            .. Enumerable.Range(0, (int)schedule.TotalSteps + StepsBeyondTheEnd).Select(step => rate * schedule.Lambda(step)),
        ];

        // A rate is small beside 1: its share of the highest one is compared.
        return new RlOutcome().Add("lr", rates, computedInDouble: true, scale: 1 / rate);
    }

    private static LearningRateSchedule Schedule(RlCase one)
    {
        long total = (long)one.Number("total_steps");
        long warmup = (long)one.Number("warmup_steps");
        return one.Text("kind", "") switch
        {
            "linear" => new LinearSchedule(total, warmup),
            "cosine" => new CosineSchedule(total, warmup),
            "cosine_with_min_lr" or "verl-cosine" => new CosineSchedule(total, warmup, one.Number("min_lr_rate")),
            "constant" => new ConstantSchedule(total),
            "constant_with_warmup" or "verl-constant" => new ConstantSchedule(total, warmup),
            "inverse_sqrt" => new InverseSqrtSchedule(total, warmup),
            "polynomial" => new PolynomialSchedule(total, warmup, one.Number("power"), one.Number("lr_end") / one.Number("lr")),
            "wsd" => new WarmupStableDecaySchedule(total, warmup, (long)one.Number("decay_steps")),
            string other => throw new InvalidDataException($"Schedule '{other}' has neither code nor a rule in golden-scope.json."),
        };
    }
}
