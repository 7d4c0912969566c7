namespace Proximal;

/// <summary>A native call ran out of memory; nothing it was asked to do has happened.</summary>
public sealed class ProximalOutOfMemoryException : ProximalException
{
    /// <summary>Makes an exception for a failed call.</summary>
    /// <param name="status">Which memory ran out.</param>
    /// <param name="function">The function of the C ABI.</param>
    /// <param name="message">What was being done.</param>
    /// <param name="residentBytes">What the process held at that moment.</param>
    /// <param name="availableBytes">What the process may use in all.</param>
    public ProximalOutOfMemoryException(
        ProximalStatus status, string function, string message, long residentBytes, long availableBytes)
        : base(status, function, message)
    {
        ResidentBytes = residentBytes;
        AvailableBytes = availableBytes;
    }

    /// <summary>The resident set of the process when the call failed, in bytes.</summary>
    public long ResidentBytes { get; }

    /// <summary>The memory that the process may use in all (the container's limit where there is one), in bytes.</summary>
    public long AvailableBytes { get; }
}
