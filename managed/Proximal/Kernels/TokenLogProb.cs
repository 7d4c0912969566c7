using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Log-prob of a target and entropy of rows of logits, forward and backward.</summary>
public static unsafe class TokenLogProb
{
    /// <summary>With z = logits / T: log softmax(z)[target], and the entropy of softmax(z), each row.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="logits">[N, V] row-major; minus infinity contributes 0 to the entropy.</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="vocabulary">V, at least 1.</param>
    /// <param name="temperature">T, above 0.</param>
    /// <param name="logProbs">[N] out, or empty; nats.</param>
    /// <param name="entropies">[N] out, or empty; nats.</param>
    /// <exception cref="ArgumentException">A length, a target or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a logit is NaN or plus infinity, or a row is minus infinity only.</exception>
    /// <remarks>Accumulates in double. Deterministic for any thread count.</remarks>
    public static void Compute(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<int> targets,
        int vocabulary,
        double temperature,
        Span<float> logProbs,
        Span<float> entropies = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        CheckRows(logits, targets, vocabulary, temperature);
        Arrays.OptionalLength(logProbs.Length, targets.Length, nameof(logProbs));
        Arrays.OptionalLength(entropies.Length, targets.Length, nameof(entropies));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (int* target = targets)
        fixed (float* row = logits, logprob = logProbs, entropy = entropies)
        {
            NativeStatus.Check(NativeMethods.px_token_logprob_f32(
                lease.Pointer, row, target, targets.Length, vocabulary, temperature, logprob, entropy));
        }
    }

    /// <summary>d sum(upstream log-prob · log-prob + upstream entropy · entropy) / d logits.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="logits">[N, V] row-major.</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="vocabulary">V, at least 1.</param>
    /// <param name="temperature">T, above 0.</param>
    /// <param name="upstreamLogProbs">[N]; empty: zeros.</param>
    /// <param name="upstreamEntropies">[N]; empty: zeros.</param>
    /// <param name="gradients">[N, V] out; may be <paramref name="logits"/>.</param>
    /// <exception cref="ArgumentException">A length, a target or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a logit is NaN or plus infinity, or a row is minus infinity only.</exception>
    /// <remarks>Accumulates in double. Deterministic for any thread count.</remarks>
    public static void Backward(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<int> targets,
        int vocabulary,
        double temperature,
        ReadOnlySpan<float> upstreamLogProbs,
        ReadOnlySpan<float> upstreamEntropies,
        Span<float> gradients)
    {
        ArgumentNullException.ThrowIfNull(engine);
        CheckRows(logits, targets, vocabulary, temperature);
        Arrays.OptionalLength(upstreamLogProbs.Length, targets.Length, nameof(upstreamLogProbs));
        Arrays.OptionalLength(upstreamEntropies.Length, targets.Length, nameof(upstreamEntropies));
        Arrays.Length(gradients.Length, logits.Length, nameof(gradients));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (int* target = targets)
        fixed (float* row = logits, logprob = upstreamLogProbs, entropy = upstreamEntropies, gradient = gradients)
        {
            NativeStatus.Check(NativeMethods.px_token_logprob_backward_f32(
                lease.Pointer, row, target, targets.Length, vocabulary, temperature, logprob, entropy, gradient));
        }
    }

    private static void CheckRows(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, int vocabulary, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 1);
        Arrays.Length(logits.Length, (long)targets.Length * vocabulary, nameof(logits));
        Require.Positive(temperature);
    }
}
