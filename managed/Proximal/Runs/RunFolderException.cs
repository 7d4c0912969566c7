namespace Proximal.Runs;

/// <summary>A run folder cannot be used: it holds a run already, or cannot be written.</summary>
public sealed class RunFolderException : Exception
{
    /// <summary>Makes an exception for a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="message">What is wrong with it and the fix.</param>
    /// <param name="inner">What was thrown.</param>
    public RunFolderException(string folder, string message, Exception? inner = null)
        : base(message, inner)
    {
        Folder = folder;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }
}
