using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>AdamW over two tensors whose gradients are clipped together, and over a float32 master with a bf16 shadow.</summary>
internal static class AdamWCases
{
    public static RlOutcome Run(RlCase one, Engine engine) =>
        one.Inputs.ContainsKey("param_b") ? Clipped(one, engine) : Master(one, engine);

    private static RlOutcome Clipped(RlCase one, Engine engine)
    {
        var a = new AdamWTensor(one.Input("param_a").Floats());
        var b = new AdamWTensor(one.Input("param_b").Floats());
        LearningRateSchedule schedule = one.Has("warmup")
            ? new LinearSchedule((long)one.Number("steps"), (long)one.Number("warmup"))
            : new ConstantSchedule((long)one.Number("steps"));
        double largest = one.Number("max_grad_norm", double.PositiveInfinity);
        var (rates, norms, coefficients) = (new List<double>(), new List<double>(), new List<double>());
        for (int k = 0; k < (int)one.Number("steps"); k++)
        {
            (float[] gradientA, float[] gradientB) = (Row(one.Input("grads_a"), k), Row(one.Input("grads_b"), k));
            norms.Add(Math.Sqrt(AdamW.SquaredNorm(engine, gradientA) + AdamW.SquaredNorm(engine, gradientB)));
            coefficients.Add(AdamW.ClipCoefficient(norms[^1], largest));
            rates.Add(one.Number("lr") * schedule.Lambda(k));
            a.Step(engine, gradientA, k + 1, rates[^1], Options(one), coefficients[^1]);
            b.Step(engine, gradientB, k + 1, rates[^1], Options(one), coefficients[^1]);
        }

        var outcome = new RlOutcome();
        outcome.Add("params_a", a.Trajectory);
        outcome.Add("params_b", b.Trajectory);
        outcome.Add("norm", norms);
        outcome.Add("coefficient", coefficients);
        outcome.Add("lr", rates, computedInDouble: true, scale: 1 / one.Number("lr"));
        outcome.Add("exp_avg_a", a.FirstMoments);
        return outcome.Add("exp_avg_sq_a", a.SecondMoments);
    }

    /// <summary>Parameters and gradients are rounded to bf16 first; the shadow is the rounded master.</summary>
    private static RlOutcome Master(RlCase one, Engine engine)
    {
        var master = new AdamWTensor(Array.ConvertAll(one.Input("param_a").Floats(), Bfloat16.Round), withShadow: true);
        for (int k = 0; k < (int)one.Number("steps"); k++)
        {
            float[] gradient = Array.ConvertAll(Row(one.Input("grads_a"), k), Bfloat16.Round);
            master.Step(engine, gradient, k + 1, one.Number("lr"), Options(one), coefficient: 1);
        }

        var outcome = new RlOutcome();
        outcome.Add("master", master.Trajectory);
        return outcome.Add("bf16_shadow", master.Shadows);
    }

    private static AdamWOptions Options(RlCase one) => new()
    {
        Beta1 = one.Number("beta1"),
        Beta2 = one.Number("beta2"),
        Epsilon = one.Number("eps"),
        WeightDecay = one.Number("weight_decay"),
    };

    private static float[] Row(GoldenTensor gradients, int step) => Array.ConvertAll(gradients.Row(step), value => (float)value);
}
