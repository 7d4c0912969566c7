namespace Proximal.Interop;

/// <summary>Owns a px_generator.</summary>
internal sealed unsafe class GeneratorHandle : NativeHandle<px_generator>
{
    /// <summary>Makes a generator on a model with a language-model head.</summary>
    public px_status Create(ModelHandle model, px_generator_options options)
    {
        px_model* parent = Hold(model);
        px_generator* generator;
        return Adopt(NativeMethods.px_generator_create(parent, &options, &generator), generator);
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_generator* pointer) => NativeMethods.px_generator_release(pointer);
}
