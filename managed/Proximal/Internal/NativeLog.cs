using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Proximal.Interop;

namespace Proximal.Internal;

/// <summary>Carries log lines of the native side to an <see cref="ILogger"/>.</summary>
internal static unsafe partial class NativeLog
{
    /// <summary>The px_log_sink; its context is a GCHandle of the logger.</summary>
    public static delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> Sink => &Receive;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    [SuppressMessage("Design", "CA1031", Justification = "An exception that leaves this method ends the process.")]
    private static void Receive(void* context, int level, sbyte* message)
    {
        try
        {
            if (GCHandle.FromIntPtr((nint)context).Target is ILogger logger)
            {
                string text = Marshal.PtrToStringUTF8((nint)message) ?? string.Empty;
                LogLevel severity = LevelOf(level);
                Native(logger, severity, text);
            }
        }
        catch
        {
            // A logger that throws loses its line.
        }
    }

    private static LogLevel LevelOf(int level) => (px_log_level)level switch
    {
        px_log_level.PX_LOG_DEBUG => LogLevel.Debug,
        px_log_level.PX_LOG_INFO => LogLevel.Information,
        px_log_level.PX_LOG_WARNING => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    [LoggerMessage(EventId = 1, Message = "{Text}")]
    private static partial void Native(ILogger logger, LogLevel level, string text);
}
