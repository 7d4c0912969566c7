using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>DPO and its successors: losses of preferences between whole answers.</summary>
public static unsafe class PreferenceLoss
{
    /// <summary>
    /// A loss of the log-ratio of two answers or of one, <see cref="PreferenceForm"/>; log-ratio = sum(weight (log-prob -
    /// reference log-prob)) over an answer's tokens.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="inputs">Log-probs and whose they are.</param>
    /// <param name="options">The form and its numbers.</param>
    /// <param name="normalizer">Divides the sum; the number of losses of the step for a mean. Finite, above 0.</param>
    /// <param name="losses">[S / 2] of pairs, [S] of single answers, out, or empty: before the normalizer.</param>
    /// <param name="rewards">[S] out, or empty: beta times the answer's log-ratio, always the sum.</param>
    /// <param name="gradients">[N] out, or empty: d (sum(loss) / normalizer) / d log-prob.</param>
    /// <returns>Sums over losses and answers.</returns>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a number that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static PreferenceMetrics Compute(
        Engine engine,
        in PreferenceInputs inputs,
        PreferenceOptions options,
        double normalizer,
        Span<float> losses = default,
        Span<float> rewards = default,
        Span<float> gradients = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Require.Positive(normalizer);
        CheckLengths(inputs, options, losses.Length, rewards.Length, gradients.Length);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_preference_metrics metrics;
        fixed (long* offsets = inputs.Offsets)
        fixed (byte* desirable = inputs.Desirable)
        fixed (float* logprob = inputs.LogProbs,
               reference = inputs.ReferenceLogProbs,
               weight = inputs.Weights,
               loss = losses,
               reward = rewards,
               gradient = gradients)
        {
            var args = new px_preference_loss_args
            {
                struct_size = (uint)sizeof(px_preference_loss_args),
                flags = options.Mean ? (uint)px_preference_flags.PX_PREFERENCE_MEAN : 0,
                sequences = inputs.Offsets.Length - 1,
                offsets = offsets,
                logprob = logprob,
                ref_logprob = reference,
                weight = weight,
                desirable = desirable,
                form = (int)options.Form,
                divergence = (int)options.Divergence,
                beta = options.Beta,
                label_smoothing = options.LabelSmoothing,
                margin = options.Margin,
                reference_point = options.ReferencePoint,
                alpha = options.Alpha,
                tau = options.Tau,
                desirable_weight = options.DesirableWeight,
                undesirable_weight = options.UndesirableWeight,
                normalizer = normalizer,
                loss = loss,
                reward = reward,
                gradient = gradient,
            };
            NativeStatus.Check(NativeMethods.px_preference_loss_f32(lease.Pointer, &args, &metrics));
        }

        return PreferenceMetrics.FromNative(metrics);
    }

    private static void CheckLengths(
        in PreferenceInputs inputs, PreferenceOptions options, int losses, int rewards, int gradients)
    {
        int tokens = Arrays.Offsets(inputs.Offsets, nameof(inputs.Offsets));
        int answers = inputs.Offsets.Length - 1;
        Arrays.Length(inputs.LogProbs.Length, tokens, nameof(inputs.LogProbs));
        Arrays.OptionalLength(inputs.ReferenceLogProbs.Length, tokens, nameof(inputs.ReferenceLogProbs));
        Arrays.OptionalLength(inputs.Weights.Length, tokens, nameof(inputs.Weights));
        Arrays.OptionalLength(losses, options.IsSingle ? answers : answers / 2, nameof(losses));
        Arrays.OptionalLength(rewards, answers, nameof(rewards));
        Arrays.OptionalLength(gradients, tokens, nameof(gradients));
        if (options.IsSingle)
        {
            Arrays.Length(inputs.Desirable.Length, answers, nameof(inputs.Desirable));
        }
        else
        {
            Arrays.OptionalLength(inputs.Desirable.Length, answers, nameof(inputs.Desirable));
        }
    }
}
