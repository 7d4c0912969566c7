using System.Runtime.InteropServices;

namespace Proximal.Cli.Terminal;

/// <summary>File descriptor 1, unbuffered.</summary>
/// <remarks>
/// Console's own stream swallows a broken pipe, so that work would go on for nobody; a FileStream writes at its own
/// offset, so that <c>(a; b) > file</c> would overwrite. Hence write(2) itself.
/// </remarks>
internal sealed partial class StandardOutput : Stream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written = SystemWrite(Descriptor, buffer, buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            switch (error)
            {
                case Interrupted:
                    break;
                case WouldBlock:
                    Thread.Sleep(1);
                    break;
                case BrokenPipe:
                    throw new BrokenPipeException();
                default:
                    throw new IOException($"standard output cannot be written: {Marshal.GetPInvokeErrorMessage(error)}", error);
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint SystemWrite(int descriptor, ReadOnlySpan<byte> buffer, nint count);
}
