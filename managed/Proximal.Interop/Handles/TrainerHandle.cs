namespace Proximal.Interop;

/// <summary>Owns a px_trainer.</summary>
internal sealed unsafe class TrainerHandle : NativeHandle<px_trainer>
{
    /// <summary>Makes a trainer of a model's trunk and head.</summary>
    public px_status Create(ModelHandle model, px_trainer_options options)
    {
        using HandleLease<px_model> parent = model.Acquire();
        px_trainer* trainer;
        return Adopt(NativeMethods.px_trainer_create(parent.Pointer, &options, &trainer), trainer, model);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_trainer* pointer) => NativeMethods.px_trainer_release(pointer);
}
