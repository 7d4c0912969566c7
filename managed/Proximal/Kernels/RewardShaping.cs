using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>PPO's token rewards (Ziegler et al. 2019; Ouyang et al. 2022).</summary>
public static unsafe class RewardShaping
{
    /// <summary>
    /// r_t = -beta k_t + w_t, and the score, clipped, on the last response token of its sequence; 0 where masked. A sequence
    /// without response tokens gets no score.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="inputs">Log-probs, scores and where they belong.</param>
    /// <param name="estimator">The KL estimate, with the default clamps of <see cref="Kl"/>.</param>
    /// <param name="beta">The KL coefficient.</param>
    /// <param name="rewardClip">Scores are clipped to plus or minus this, above 0; infinity: off.</param>
    /// <param name="rewards">[N] out.</param>
    /// <param name="kl">[N] out, or empty: the estimates, 0 where masked.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a number that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>What stands in masked places does not matter. Deterministic for any thread count.</remarks>
    public static void Compute(
        Engine engine,
        in RewardShapingInputs inputs,
        KlEstimator estimator,
        double beta,
        double rewardClip,
        Span<float> rewards,
        Span<float> kl = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Require.Defined(estimator);
        Require.Finite(beta);
        Require.PositiveOrInfinity(rewardClip);
        CheckLengths(inputs, rewards.Length, kl.Length);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (long* offsets = inputs.Offsets)
        fixed (byte* mask = inputs.Mask)
        fixed (float* logprob = inputs.LogProbs,
               reference = inputs.ReferenceLogProbs,
               score = inputs.Scores,
               token = inputs.TokenRewards,
               reward = rewards,
               estimate = kl)
        {
            var args = new px_reward_args
            {
                struct_size = (uint)sizeof(px_reward_args),
                sequences = inputs.Offsets.Length - 1,
                offsets = offsets,
                mask = mask,
                logprob = logprob,
                ref_logprob = reference,
                score = score,
                token_reward = token,
                kl_estimator = (int)estimator,
                beta = beta,
                reward_clip = rewardClip,
                kl = estimate,
                reward = reward,
            };
            NativeStatus.Check(NativeMethods.px_reward_shape_f32(lease.Pointer, &args));
        }
    }

    private static void CheckLengths(in RewardShapingInputs inputs, int rewards, int kl)
    {
        int tokens = Arrays.Offsets(inputs.Offsets, nameof(inputs.Offsets));
        Arrays.OptionalLength(inputs.Mask.Length, tokens, nameof(inputs.Mask));
        Arrays.Length(inputs.LogProbs.Length, tokens, nameof(inputs.LogProbs));
        Arrays.Length(inputs.ReferenceLogProbs.Length, tokens, nameof(inputs.ReferenceLogProbs));
        Arrays.Length(inputs.Scores.Length, inputs.Offsets.Length - 1, nameof(inputs.Scores));
        Arrays.OptionalLength(inputs.TokenRewards.Length, tokens, nameof(inputs.TokenRewards));
        Arrays.Length(rewards, tokens, nameof(rewards));
        Arrays.OptionalLength(kl, tokens, nameof(kl));
    }
}
