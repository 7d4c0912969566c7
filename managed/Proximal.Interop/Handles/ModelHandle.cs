namespace Proximal.Interop;

/// <summary>Owns a px_model.</summary>
internal sealed unsafe class ModelHandle : NativeHandle<px_model>
{
    /// <summary>Puts a head on weights.</summary>
    public px_status Create(WeightsHandle weights, px_model_options options)
    {
        px_weights* parent = Hold(weights);
        px_model* model;
        return Adopt(NativeMethods.px_model_create(parent, &options, &model), model);
    }

    /// <summary>Makes another model on the weights of <paramref name="source"/>, which it outlives.</summary>
    public px_status Derive(WeightsHandle weights, ModelHandle source, px_model_options options)
    {
        using HandleLease<px_model> original = source.Acquire();
        Hold(weights);
        px_model* model;
        return Adopt(NativeMethods.px_model_derive(original.Pointer, &options, &model), model);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_model* pointer) => NativeMethods.px_model_release(pointer);
}
