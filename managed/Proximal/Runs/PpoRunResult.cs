namespace Proximal.Runs;

/// <summary>What a finished PPO run left.</summary>
/// <param name="Folder">The run folder, absolute.</param>
/// <param name="ModelFolder">The trained actor as a Hugging Face folder with its tokenizer.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Metrics">The last step's metrics, and the last validation's.</param>
public sealed record PpoRunResult(
    string Folder, string ModelFolder, int Steps, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>The step that the run was resumed after; 0: it started from the beginning.</summary>
    public int ResumedAfter { get; init; }

    /// <summary>The run was finished already when it was to be resumed: nothing was done.</summary>
    public bool WasFinished { get; init; }
}
