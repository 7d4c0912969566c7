namespace Proximal.Interop;

/// <summary>Owns a reference on a px_weights.</summary>
internal sealed unsafe class WeightsHandle : NativeHandle<px_weights>
{
    /// <summary>Reads a model folder or file.</summary>
    public px_status Load(EngineHandle engine, string path, px_load_options options)
    {
        using HandleLease<px_engine> parent = engine.Acquire();
        fixed (byte* text = Utf8.Terminated(path))
        {
            px_weights* weights;
            return Adopt(
                NativeMethods.px_weights_load(parent.Pointer, (sbyte*)text, &options, &weights), weights, engine);
        }
    }

    /// <summary>Copies the parameters of other weights.</summary>
    public px_status Clone(WeightsHandle source)
    {
        using HandleLease<px_weights> parent = source.Acquire();
        px_weights* weights;
        return Adopt(NativeMethods.px_weights_clone(parent.Pointer, &weights), weights, source);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_weights* pointer) => NativeMethods.px_weights_release(pointer);
}
