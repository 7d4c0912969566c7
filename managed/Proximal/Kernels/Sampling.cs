using Proximal.Internal;
using Proximal.Interop;
using Proximal.Rollouts;

namespace Proximal.Kernels;

/// <summary>Draws tokens from logits with counter-based random numbers; the filters are those of transformers.</summary>
public static unsafe class Sampling
{
    /// <summary>Draws one token: a function of its arguments alone.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="logits">[V], unscaled; minus infinity: never drawn.</param>
    /// <param name="options">Temperature and filters.</param>
    /// <param name="seed">The random stream: Philox's key.</param>
    /// <param name="sampleId">Which sample: the high half of Philox's counter.</param>
    /// <param name="index">The token's place in the sample: the low half of the counter.</param>
    /// <param name="logProb">Log softmax(logits / T) of the token, without the filters, in nats.</param>
    /// <returns>The token.</returns>
    /// <exception cref="ArgumentException">The vocabulary is empty or an option is out of range.</exception>
    /// <exception cref="ProximalException">NotFinite: a logit is NaN or plus infinity, or all are minus infinity.</exception>
    public static int Sample(
        Engine engine,
        ReadOnlySpan<float> logits,
        SamplingOptions options,
        ulong seed,
        ulong sampleId,
        ulong index,
        out float logProb)
    {
        ArgumentNullException.ThrowIfNull(engine);
        px_sample_args args = ToNative(options, logits.Length);
        args.seed = seed;
        args.sample_id = sampleId;
        args.index = index;
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        int token;
        float logprob;
        fixed (float* row = logits)
        {
            args.logits = row;
            NativeStatus.Check(NativeMethods.px_sample_f32(lease.Pointer, &args, &token, &logprob));
        }

        logProb = logprob;
        return token;
    }

    /// <summary>Log-probabilities of the distribution that <see cref="Sample"/> draws from.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="logits">[V], unscaled.</param>
    /// <param name="options">Temperature and filters.</param>
    /// <param name="logProbs">[V] out, minus infinity where removed.</param>
    /// <exception cref="ArgumentException">A length or an option does not fit.</exception>
    /// <exception cref="ProximalException">NotFinite: a logit is NaN or plus infinity, or all are minus infinity.</exception>
    public static void Distribution(
        Engine engine, ReadOnlySpan<float> logits, SamplingOptions options, Span<float> logProbs)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(logProbs.Length, logits.Length, nameof(logProbs));
        px_sample_args args = ToNative(options, logits.Length);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* row = logits, logprob = logProbs)
        {
            args.logits = row;
            NativeStatus.Check(NativeMethods.px_sample_distribution_f32(lease.Pointer, &args, logprob));
        }
    }

    /// <summary>Philox4x32-10: random numbers as a function of a key and a counter (Salmon et al., SC 2011).</summary>
    /// <param name="key">[2].</param>
    /// <param name="counter">[4].</param>
    /// <param name="output">[4] out.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Philox4x32(ReadOnlySpan<uint> key, ReadOnlySpan<uint> counter, Span<uint> output)
    {
        Arrays.Length(key.Length, 2, nameof(key));
        Arrays.Length(counter.Length, 4, nameof(counter));
        Arrays.Length(output.Length, 4, nameof(output));
        fixed (uint* k = key, c = counter, o = output)
        {
            NativeStatus.Check(NativeMethods.px_philox4x32(k, c, o));
        }
    }

    private static px_sample_args ToNative(SamplingOptions options, int vocabulary)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new px_sample_args
        {
            struct_size = (uint)sizeof(px_sample_args),
            flags = options.Temperature == 0 ? (uint)px_sample_flags.PX_SAMPLE_GREEDY : 0,
            vocabulary = vocabulary,
            temperature = options.Temperature,
            top_k = options.TopK,
            top_p = options.TopP,
            min_p = options.MinP,
        };
    }
}
