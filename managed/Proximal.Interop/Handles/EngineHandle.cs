using System.Runtime.InteropServices;

namespace Proximal.Interop;

/// <summary>Owns a px_engine, and the object that its log sink gets as context.</summary>
internal sealed unsafe class EngineHandle : NativeHandle<px_engine>
{
    private GCHandle _logContext;

    /// <summary>Creates the engine.</summary>
    /// <param name="options">The options; the log context is filled in.</param>
    /// <param name="logContext">What the sink reaches through its context, or <see langword="null"/>.</param>
    public px_status Create(px_engine_options options, object? logContext)
    {
        if (logContext is not null)
        {
            _logContext = GCHandle.Alloc(logContext);
            options.log_context = (void*)GCHandle.ToIntPtr(_logContext);
        }

        px_engine* engine;
        px_status status = Adopt(NativeMethods.px_engine_create(&options, &engine), engine);
        if (status != px_status.PX_OK)
        {
            FreeLogContext();
        }

        return status;
    }

    /// <inheritdoc/>
    protected override void ReleaseNative(px_engine* pointer)
    {
        // Every child holds a reference on this handle, so the native engine ends here and logs no more.
        NativeMethods.px_engine_release(pointer);
        FreeLogContext();
    }

    private void FreeLogContext()
    {
        if (_logContext.IsAllocated)
        {
            _logContext.Free();
        }
    }
}
