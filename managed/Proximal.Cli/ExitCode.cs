namespace Proximal.Cli;

/// <summary>What the process returns. Part of the contract with programs that drive it.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>A file or a row is wrong.</summary>
    public const int Data = 3;

    /// <summary>The work itself failed.</summary>
    public const int Run = 4;

    /// <summary>SIGINT or SIGTERM ended the work.</summary>
    public const int Interrupted = 130;
}
