namespace Proximal;

/// <summary>A native call failed; the message says function, argument, expected and got.</summary>
public class ProximalException : Exception
{
    /// <summary>Makes an exception for a failed call.</summary>
    /// <param name="status">Why it failed.</param>
    /// <param name="function">The function of the C ABI.</param>
    /// <param name="message">What, where and the fix.</param>
    public ProximalException(ProximalStatus status, string function, string message)
        : base(message)
    {
        Status = status;
        Function = function;
    }

    /// <summary>Why the call failed.</summary>
    public ProximalStatus Status { get; }

    /// <summary>The function of the C ABI that failed.</summary>
    public string Function { get; }
}
