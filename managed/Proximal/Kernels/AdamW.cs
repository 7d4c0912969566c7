using Proximal.Internal;
using Proximal.Interop;
using Proximal.Training;

namespace Proximal.Kernels;

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101) over arrays; models are trained by <see cref="Trainer"/>.</summary>
public static unsafe class AdamW
{
    private const double NormEpsilon = 1e-6;

    /// <summary>
    /// With g = scale · gradient: p -= lr wd p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g²;
    /// p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="arrays">Parameters, gradients and moments.</param>
    /// <param name="step">The update's number t, from 1.</param>
    /// <param name="learningRate">lr, at least 0.</param>
    /// <param name="options">Decays, epsilon and weight decay; the largest norm is <see cref="ClipCoefficient"/>'s affair.</param>
    /// <param name="gradientScale">Multiplies the gradient, above 0: the clip coefficient.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a gradient is NaN or infinite; nothing has changed, the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Step(
        Engine engine,
        in AdamWArrays arrays,
        long step,
        double learningRate,
        AdamWOptions options,
        double gradientScale = 1)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        Require.NotNegative(learningRate);
        Require.Positive(gradientScale);
        CheckLengths(arrays);
        px_trainer_options numbers = options.ToNative();
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* parameter = arrays.Parameters,
               gradient = arrays.Gradients,
               first = arrays.FirstMoments,
               second = arrays.SecondMoments)
        fixed (ushort* shadow = arrays.Shadow)
        {
            var args = new px_adamw_args
            {
                struct_size = (uint)sizeof(px_adamw_args),
                count = arrays.Parameters.Length,
                parameter = parameter,
                gradient = gradient,
                exp_avg = first,
                exp_avg_sq = second,
                shadow = shadow,
                step = step,
                learning_rate = learningRate,
                beta1 = numbers.beta1,
                beta2 = numbers.beta2,
                epsilon = numbers.epsilon,
                weight_decay = numbers.weight_decay,
                gradient_scale = gradientScale,
            };
            NativeStatus.Check(NativeMethods.px_adamw_f32(lease.Pointer, &args));
        }
    }

    /// <summary>Sum of squares, in double, in index order.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N].</param>
    /// <exception cref="ProximalException">NotFinite: an element is NaN or infinite; the text names it.</exception>
    public static double SquaredNorm(Engine engine, ReadOnlySpan<float> x)
    {
        ArgumentNullException.ThrowIfNull(engine);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        double sum;
        fixed (float* element = x)
        {
            NativeStatus.Check(NativeMethods.px_squared_norm_f32(lease.Pointer, element, x.Length, &sum));
        }

        return sum;
    }

    /// <summary>What gradients of this norm are multiplied with: min(1, largest / (norm + 1e-6)), as torch does.</summary>
    /// <param name="norm">The global norm: the root of the sum of <see cref="SquaredNorm"/> over all ranges.</param>
    /// <param name="largest">The largest norm, above 0; infinity: no clipping.</param>
    public static double ClipCoefficient(double norm, double largest)
    {
        Require.NotNegative(norm);
        Require.PositiveOrInfinity(largest);
        return Math.Min(1, largest / (norm + NormEpsilon));
    }

    private static void CheckLengths(in AdamWArrays arrays)
    {
        int count = arrays.Parameters.Length;
        Arrays.Length(arrays.Gradients.Length, count, nameof(arrays.Gradients));
        Arrays.Length(arrays.FirstMoments.Length, count, nameof(arrays.FirstMoments));
        Arrays.Length(arrays.SecondMoments.Length, count, nameof(arrays.SecondMoments));
        Arrays.OptionalLength(arrays.Shadow.Length, count, nameof(arrays.Shadow));
    }
}
