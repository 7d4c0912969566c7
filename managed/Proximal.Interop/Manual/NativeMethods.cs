namespace Proximal.Interop;

internal static partial class NativeMethods
{
    // The runtime runs this before it binds the first import, so the resolver is always in place by then.
    static NativeMethods() => NativeLibraryLoader.Register();
}
