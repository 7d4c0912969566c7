using Microsoft.Extensions.Logging;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>A PPO run: reads what the options name, trains, and leaves a run folder.</summary>
public sealed class PpoRun
{
    private readonly PpoRunOptions _options;
    private readonly ILogger? _logger;

    /// <summary>Makes a run; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told warnings; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public PpoRun(PpoRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _logger = logger;
    }

    /// <summary>Does the whole run.</summary>
    /// <param name="progress">Is told what the run does; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step; this always throws then.</param>
    /// <exception cref="Data.DataFileException">A prompt file or lexicon cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already or cannot be written.</exception>
    /// <exception cref="Rewards.RewardException">A reward failed.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<PpoRunResult> RunAsync(
        IProgress<PpoProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        progress?.Report(new PpoProgress { Step = 0, Steps = _options.Ppo.Steps, Phase = PpoPhase.Loading });
        _ = _logger;
        throw new NotSupportedException("The PPO loop follows.");
    }
}
