using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438).</summary>
public static unsafe class Gae
{
    /// <summary>
    /// delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}, returns = A + V, over each sequence from its
    /// last token back. The value past the end is 0; masked positions carry the next value and advantage through.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="offsets">[S + 1] where each sequence begins, from 0, not decreasing; N is the last one.</param>
    /// <param name="rewards">[N].</param>
    /// <param name="values">[N] of the state before each token.</param>
    /// <param name="mask">[N] 1: counts; empty: all do.</param>
    /// <param name="gamma">Discount, in [0, 1].</param>
    /// <param name="lambda">Mix of short (0) and long (1) returns, in [0, 1].</param>
    /// <param name="advantages">[N] out, 0 where masked.</param>
    /// <param name="returns">[N] out, or empty; 0 where masked.</param>
    /// <param name="oneStepReturns">Returns are r + gamma times the next value instead.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a number that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>What stands in masked positions does not matter. Accumulates in double. Deterministic for any thread count.</remarks>
    public static void Compute(
        Engine engine,
        ReadOnlySpan<long> offsets,
        ReadOnlySpan<float> rewards,
        ReadOnlySpan<float> values,
        ReadOnlySpan<byte> mask,
        double gamma,
        double lambda,
        Span<float> advantages,
        Span<float> returns = default,
        bool oneStepReturns = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int tokens = Arrays.Offsets(offsets, nameof(offsets));
        Arrays.Length(rewards.Length, tokens, nameof(rewards));
        Arrays.Length(values.Length, tokens, nameof(values));
        Arrays.OptionalLength(mask.Length, tokens, nameof(mask));
        Require.Probability(gamma, zero: true);
        Require.Probability(lambda, zero: true);
        Arrays.Length(advantages.Length, tokens, nameof(advantages));
        Arrays.OptionalLength(returns.Length, tokens, nameof(returns));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (long* offset = offsets)
        fixed (byte* counts = mask)
        fixed (float* reward = rewards, value = values, advantage = advantages, target = returns)
        {
            var args = new px_gae_args
            {
                struct_size = (uint)sizeof(px_gae_args),
                flags = oneStepReturns ? (uint)px_gae_flags.PX_GAE_ONE_STEP_RETURNS : 0,
                sequences = offsets.Length - 1,
                offsets = offset,
                reward = reward,
                value = value,
                mask = counts,
                gamma = gamma,
                lambda = lambda,
                advantage = advantage,
                returns = target,
            };
            NativeStatus.Check(NativeMethods.px_gae_f32(lease.Pointer, &args));
        }
    }
}
