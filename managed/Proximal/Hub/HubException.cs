namespace Proximal.Hub;

/// <summary>A model hub's answer cannot be used, or there is none; the message says what to do and holds no token.</summary>
internal sealed class HubException : ProximalException
{
    /// <summary>Makes an exception.</summary>
    /// <param name="status"><see cref="ProximalStatus.Io"/>, <see cref="ProximalStatus.CorruptData"/> or <see cref="ProximalStatus.Unsupported"/>.</param>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="transient">Trying again may help.</param>
    public HubException(ProximalStatus status, string message, bool transient = false)
        : base(status, "pull", message) => IsTransient = transient;

    /// <summary>Trying again may help.</summary>
    public bool IsTransient { get; }

    /// <summary>How long the server wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The answer's status.</summary>
    public int? Answer { get; init; }
}
