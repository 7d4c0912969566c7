namespace Proximal.Interop;

/// <summary>Owns a px_model.</summary>
internal sealed unsafe class ModelHandle : NativeHandle<px_model>
{
    /// <summary>Puts a head on weights.</summary>
    public px_status Create(WeightsHandle weights, px_model_options options)
    {
        using HandleLease<px_weights> parent = weights.Acquire();
        px_model* model;
        return Adopt(NativeMethods.px_model_create(parent.Pointer, &options, &model), model, weights);
    }

    /// <summary>Makes another model on the weights of <paramref name="source"/>.</summary>
    public px_status Derive(ModelHandle source, px_model_options options)
    {
        using HandleLease<px_model> parent = source.Acquire();
        px_model* model;
        return Adopt(NativeMethods.px_model_derive(parent.Pointer, &options, &model), model, source);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_model* pointer) => NativeMethods.px_model_release(pointer);
}
