namespace Proximal.Interop;

/// <summary>Owns a reference on a px_weights.</summary>
internal sealed unsafe class WeightsHandle : NativeHandle<px_weights>
{
    /// <summary>Reads a model folder or file.</summary>
    public px_status Load(EngineHandle engine, string path, px_load_options options)
    {
        fixed (byte* text = Utf8.Terminated(path))
        {
            px_engine* parent = Hold(engine);
            px_weights* weights;
            return Adopt(NativeMethods.px_weights_load(parent, (sbyte*)text, &options, &weights), weights);
        }
    }

    /// <summary>Reads an adapter's folder, merged into the base model at another path.</summary>
    public px_status LoadAdapter(EngineHandle engine, string path, string baseModel)
    {
        fixed (byte* text = Utf8.Terminated(baseModel))
        {
            return Load(engine, path, new px_load_options { struct_size = (uint)sizeof(px_load_options), @base = (sbyte*)text });
        }
    }

    /// <summary>Starts weights of a config.json's shape from a seed.</summary>
    public px_status Create(EngineHandle engine, string path, ulong seed)
    {
        fixed (byte* text = Utf8.Terminated(path))
        {
            px_engine* parent = Hold(engine);
            px_weights* weights;
            return Adopt(NativeMethods.px_weights_create(parent, (sbyte*)text, seed, &weights), weights);
        }
    }

    /// <summary>Copies the parameters of other weights; the copy lives on without them.</summary>
    public px_status Clone(EngineHandle engine, WeightsHandle source)
    {
        using HandleLease<px_weights> original = source.Acquire();
        Hold(engine);
        px_weights* weights;
        return Adopt(NativeMethods.px_weights_clone(original.Pointer, &weights), weights);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_weights* pointer) => NativeMethods.px_weights_release(pointer);
}
