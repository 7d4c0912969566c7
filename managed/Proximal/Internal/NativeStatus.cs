using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Proximal.Interop;

namespace Proximal.Internal;

/// <summary>Turns a px_status into the exception that C# callers expect.</summary>
internal static unsafe class NativeStatus
{
    /// <summary>Throws unless the call succeeded. Call it on the thread that made the native call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(px_status status)
    {
        if (status != px_status.PX_OK)
        {
            throw LastException(status);
        }
    }

    /// <summary>The exception for the failure of this thread's last native call.</summary>
    public static Exception LastException(px_status status) => ToException(status, LastError());

    /// <summary>The exception for a status and its "function: what" text.</summary>
    public static Exception ToException(px_status status, string text)
    {
        switch (status)
        {
            case px_status.PX_INVALID_ARGUMENT or px_status.PX_SHAPE_MISMATCH:
                return new ArgumentException(text);
            case px_status.PX_CANCELLED:
                return new OperationCanceledException(text);
            case px_status.PX_OUT_OF_MEMORY or px_status.PX_DEVICE_OUT_OF_MEMORY:
                long resident = Environment.WorkingSet;
                long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
                return new ProximalOutOfMemoryException(
                    (ProximalStatus)status,
                    FunctionOf(text),
                    $"{text} (the process holds {resident:N0} of {available:N0} bytes)",
                    resident,
                    available);
            default:
                return new ProximalException((ProximalStatus)status, FunctionOf(text), text);
        }
    }

    private static string FunctionOf(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? text : text[..colon];
    }

    private static string LastError()
    {
        byte[] buffer = new byte[NativeMethods.px_last_error(null, 0)];
        fixed (byte* text = buffer)
        {
            NativeMethods.px_last_error((sbyte*)text, buffer.Length);
            return Marshal.PtrToStringUTF8((nint)text)!;
        }
    }
}
