namespace Proximal.Runs.Checkpoints;

/// <summary>A checkpoint is damaged, or the run that asks for it is another one.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes an exception for a checkpoint.</summary>
    /// <param name="path">The checkpoint's folder, or the folder of checkpoints.</param>
    /// <param name="message">What is wrong with it and the fix.</param>
    /// <param name="inner">What was thrown.</param>
    public CheckpointException(string path, string message, Exception? inner = null)
        : base(message, inner)
    {
        CheckpointPath = path;
    }

    /// <summary>The checkpoint's folder, or the folder of checkpoints.</summary>
    public string CheckpointPath { get; }
}
