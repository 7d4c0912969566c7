using System.Runtime.InteropServices;

namespace Proximal.Interop;

/// <summary>Keeps a handle's native object alive for one call; dispose it when the call has returned.</summary>
/// <typeparam name="T">The native type.</typeparam>
internal readonly unsafe ref struct HandleLease<T>
    where T : unmanaged
{
    private readonly SafeHandle _handle;

    /// <summary>Takes the lease.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public HandleLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
        Pointer = (T*)handle.DangerousGetHandle();
    }

    /// <summary>The native object.</summary>
    public T* Pointer { get; }

    /// <summary>Gives the lease back.</summary>
    public void Dispose() => _handle.DangerousRelease();
}
