using System.Runtime.InteropServices;

namespace Proximal.Interop;

/// <summary>A native object and a counted reference on the handle it was made from.</summary>
/// <typeparam name="T">The native type.</typeparam>
internal abstract unsafe class NativeHandle<T>() : SafeHandle(0, ownsHandle: true)
    where T : unmanaged
{
    private SafeHandle? _parent;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Keeps the native object alive for one call.</summary>
    public HandleLease<T> Acquire() => new(this);

    /// <summary>Keeps the parent alive from before the native create call until this handle is released.</summary>
    /// <returns>The parent's native object.</returns>
    protected TParent* Hold<TParent>(NativeHandle<TParent> parent)
        where TParent : unmanaged
    {
        bool added = false;
        parent.DangerousAddRef(ref added);
        _parent = parent;
        return (TParent*)parent.DangerousGetHandle();
    }

    /// <summary>Takes over what a native create function returned, or lets go of the parent when it failed.</summary>
    protected px_status Adopt(px_status status, T* pointer)
    {
        if (status == px_status.PX_OK)
        {
            SetHandle((nint)pointer);
        }
        else
        {
            _parent?.DangerousRelease();
            _parent = null;
        }

        return status;
    }

    /// <summary>Calls the type's native release function.</summary>
    protected abstract void ReleaseNative(T* pointer);

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        ReleaseNative((T*)handle);
        _parent?.DangerousRelease();
        return true;
    }
}
