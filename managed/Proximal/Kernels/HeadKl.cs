using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Kernels;

/// <summary>
/// KL(policy || reference) over the whole vocabulary from hidden states and LM heads: sum of p (log p - log q) with
/// p = softmax(hidden headᵀ / T) and q the same of the reference, in nats. Neither logits nor probabilities [N, V] ever exist.
/// </summary>
/// <remarks>
/// A row's results depend on that row and the heads alone: the same bits among any other rows and for any thread count. Where a row's
/// logits are not finite its results are NaN, and no others are but the gradient of the head.
/// </remarks>
public static unsafe class HeadKl
{
    /// <summary>Computes each row's KL.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="inputs">Both models.</param>
    /// <param name="values">[N] out, nats.</param>
    /// <exception cref="ArgumentException">A length, a type or a number does not fit; the text names it.</exception>
    public static void Compute(Engine engine, in HeadKlInputs inputs, Span<float> values)
    {
        int rows = CheckInputs(inputs);
        Arrays.Length(values.Length, rows, nameof(values));
        Arrays.AtLeast(inputs.Workspace.Length, Workspace(rows, inputs.Head, gradients: false), nameof(inputs.Workspace));
        Call(engine, inputs, rows, values, default);
    }

    /// <summary>Computes the gradients of sum(upstream · KL) of the policy and, where wanted, each row's KL in the same pass.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="inputs">Both models.</param>
    /// <param name="gradients">Where the gradients come from and go to.</param>
    /// <param name="values">[N] out, or empty; nats.</param>
    /// <exception cref="ArgumentException">A length, a type or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: an entry of the upstream gradient is not finite.</exception>
    public static void Backward(Engine engine, in HeadKlInputs inputs, in HeadKlGradients gradients, Span<float> values = default)
    {
        int rows = CheckInputs(inputs);
        Arrays.OptionalLength(values.Length, rows, nameof(values));
        CheckGradients(inputs, gradients, rows);
        Arrays.AtLeast(inputs.Workspace.Length, Workspace(rows, inputs.Head, gradients: true), nameof(inputs.Workspace));
        Call(engine, inputs, rows, values, gradients);
    }

    /// <summary>Entries of workspace for a number of rows: 16 M at most for vocabularies up to 150,000.</summary>
    /// <param name="rows">N.</param>
    /// <param name="head">The policy's head.</param>
    /// <param name="gradients">Whether gradients are wanted.</param>
    public static int Workspace(int rows, PackedWeights head, bool gradients)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentNullException.ThrowIfNull(head);
        ulong bytes = NativeMethods.px_head_kl_workspace(rows, head.Outputs, head.Inputs, (int)head.Type, gradients ? 1 : 0);
        return checked((int)((bytes + sizeof(float) - 1) / sizeof(float)));
    }

    private static void Call(Engine engine, in HeadKlInputs inputs, int rows, Span<float> values, in HeadKlGradients gradients)
    {
        ArgumentNullException.ThrowIfNull(engine);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* hidden = inputs.Hidden, reference = inputs.ReferenceHidden, workspace = inputs.Workspace)
        fixed (ushort* hiddenBits = inputs.HiddenBf16, referenceBits = inputs.ReferenceHiddenBf16)
        fixed (float* kl = values, upstream = gradients.Upstream, toHidden = gradients.Hidden, toHead = gradients.Head)
        {
            bool bf16 = inputs.Head.Type == TensorType.BFloat16;
            PackedWeights? transposed = gradients.HeadTransposed;
            var args = new px_head_kl_args
            {
                struct_size = (uint)sizeof(px_head_kl_args),
                dtype = (int)inputs.Head.Type,
                rows = rows,
                vocabulary = inputs.Head.Outputs,
                hidden_size = inputs.Head.Inputs,
                ref_hidden_size = inputs.ReferenceHead.Inputs,
                temperature = inputs.Temperature,
                hidden = bf16 ? hiddenBits : hidden,
                ref_hidden = bf16 ? referenceBits : reference,
                head = inputs.Head.Pointer,
                head_bytes = (ulong)inputs.Head.Bytes,
                ref_head = inputs.ReferenceHead.Pointer,
                ref_head_bytes = (ulong)inputs.ReferenceHead.Bytes,
                kl = kl,
                upstream = upstream,
                head_transposed = transposed == null ? null : transposed.Pointer,
                head_transposed_bytes = (ulong)(transposed?.Bytes ?? 0),
                d_hidden = toHidden,
                d_head = toHead,
                workspace = workspace,
                workspace_bytes = (ulong)inputs.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_head_kl(lease.Pointer, &args));
            GC.KeepAlive(transposed);
        }

        GC.KeepAlive(inputs.Head);
        GC.KeepAlive(inputs.ReferenceHead);
    }

    // Returns the number of rows.
    private static int CheckInputs(in HeadKlInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs.Head);
        ArgumentNullException.ThrowIfNull(inputs.ReferenceHead);
        Require.Positive(inputs.Temperature);
        if (inputs.ReferenceHead.Type != inputs.Head.Type || inputs.ReferenceHead.Outputs != inputs.Head.Outputs)
        {
            throw new ArgumentException(
                $"Expected a reference of {inputs.Head.Outputs} outputs of type {inputs.Head.Type} as the policy's head has, got {inputs.ReferenceHead.Outputs} of type {inputs.ReferenceHead.Type}.",
                nameof(inputs));
        }

        bool bf16 = inputs.Head.Type == TensorType.BFloat16;
        Unused(bf16 ? inputs.Hidden.Length : inputs.HiddenBf16.Length, bf16 ? nameof(inputs.Hidden) : nameof(inputs.HiddenBf16));
        Unused(
            bf16 ? inputs.ReferenceHidden.Length : inputs.ReferenceHiddenBf16.Length,
            bf16 ? nameof(inputs.ReferenceHidden) : nameof(inputs.ReferenceHiddenBf16));
        int rows = Arrays.Rows(
            bf16 ? inputs.HiddenBf16.Length : inputs.Hidden.Length,
            inputs.Head.Inputs,
            bf16 ? nameof(inputs.HiddenBf16) : nameof(inputs.Hidden),
            nameof(inputs.Head));
        Arrays.Length(
            bf16 ? inputs.ReferenceHiddenBf16.Length : inputs.ReferenceHidden.Length,
            (long)rows * inputs.ReferenceHead.Inputs,
            bf16 ? nameof(inputs.ReferenceHiddenBf16) : nameof(inputs.ReferenceHidden));
        return rows;
    }

    private static void CheckGradients(in HeadKlInputs inputs, in HeadKlGradients gradients, int rows)
    {
        Arrays.Length(gradients.Upstream.Length, rows, nameof(gradients.Upstream));
        Arrays.OptionalLength(gradients.Hidden.Length, (long)rows * inputs.Head.Inputs, nameof(gradients.Hidden));
        Arrays.OptionalLength(gradients.Head.Length, (long)inputs.Head.Outputs * inputs.Head.Inputs, nameof(gradients.Head));
        PackedWeights? transposed = gradients.HeadTransposed;
        if (gradients.Hidden.IsEmpty && gradients.Head.IsEmpty && rows != 0)
        {
            throw new ArgumentException($"Expected room for a gradient in {nameof(gradients.Hidden)} or {nameof(gradients.Head)}.", nameof(gradients));
        }

        if (!gradients.Hidden.IsEmpty
            && (transposed == null || transposed.Type != inputs.Head.Type || transposed.Outputs != inputs.Head.Inputs || transposed.Inputs != inputs.Head.Outputs))
        {
            throw new ArgumentException(
                $"Expected {nameof(gradients.HeadTransposed)} of {inputs.Head.Inputs} x {inputs.Head.Outputs} of type {inputs.Head.Type} for the gradient of the hidden states.",
                nameof(gradients));
        }
    }

    private static void Unused(int length, string name)
    {
        if (length != 0)
        {
            throw new ArgumentException($"Expected nothing in {name}: hidden states have the type of the packed heads.", name);
        }
    }
}
