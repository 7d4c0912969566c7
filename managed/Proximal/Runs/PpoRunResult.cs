namespace Proximal.Runs;

/// <summary>What a finished PPO run left.</summary>
/// <param name="Folder">The run folder, absolute.</param>
/// <param name="ModelFolder">The trained actor as a Hugging Face folder with its tokenizer.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Metrics">The last step's metrics, and the last validation's.</param>
public sealed record PpoRunResult(
    string Folder, string ModelFolder, int Steps, IReadOnlyDictionary<string, double> Metrics);
