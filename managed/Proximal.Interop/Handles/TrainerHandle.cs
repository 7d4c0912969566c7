namespace Proximal.Interop;

/// <summary>Owns a px_trainer.</summary>
internal sealed unsafe class TrainerHandle : NativeHandle<px_trainer>
{
    /// <summary>Makes a trainer of a model's trunk and head.</summary>
    public px_status Create(ModelHandle model, px_trainer_options options)
    {
        px_model* parent = Hold(model);
        px_trainer* trainer;
        return Adopt(NativeMethods.px_trainer_create(parent, &options, &trainer), trainer);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_trainer* pointer) => NativeMethods.px_trainer_release(pointer);
}
