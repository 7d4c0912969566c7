using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Proximal.Internal;

namespace Proximal.Runs.Checkpoints;

/// <summary>
/// The folder <c>checkpoints/</c> of a run. A checkpoint is written beside its place, brought to the disk, renamed and read
/// back; only then do older ones go. One caller at a time, the one that holds the run's lock.
/// </summary>
internal sealed partial class CheckpointStore
{
    public const string FolderName = "checkpoints";

    /// <summary>What starts like this is not finished, or is on its way out.</summary>
    private const string Temporary = ".tmp-";

    /// <summary>What starts like this gives its place to another checkpoint of the same step.</summary>
    private const string Replaced = ".replaced-";

    private readonly CheckpointOptions _options;

    /// <param name="runFolder">The run's folder.</param>
    /// <param name="options">Which checkpoints are kept.</param>
    public CheckpointStore(string runFolder, CheckpointOptions options)
    {
        Folder = Path.Combine(runFolder, FolderName);
        _options = options;
    }

    public string Folder { get; }

    /// <summary>The steps that have a checkpoint, whole or damaged, in order.</summary>
    public IReadOnlyList<int> Steps => Directory.Exists(Folder)
        ?
        [
            .. Directory.EnumerateDirectories(Folder)
                .Select(folder => StepPattern().Match(Path.GetFileName(folder)))
                .Where(match => match.Success)
                .Select(match => int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))
                .Order(),
        ]
        : [];

    /// <summary>The folder of a step's checkpoint.</summary>
    public string PathOf(int step) =>
        Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"step-{step:D6}"));

    /// <summary>Removes what a process left that was killed while it wrote, and puts back what it was about to replace.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        foreach (string leftover in Directory.GetDirectories(Folder, Temporary + "*"))
        {
            Directory.Delete(leftover, recursive: true);
        }

        foreach (string replaced in Directory.GetDirectories(Folder, Replaced + "*"))
        {
            string place = Path.Combine(Folder, Path.GetFileName(replaced)[Replaced.Length..]);
            if (Directory.Exists(place))
            {
                Directory.Delete(replaced, recursive: true);
            }
            else
            {
                Directory.Move(replaced, place);
            }
        }
    }

    /// <summary>The latest checkpoint that is whole.</summary>
    /// <param name="damaged">Is told why later ones are passed over.</param>
    /// <returns><see langword="null"/> when there is none at all.</returns>
    /// <exception cref="CheckpointException">There are checkpoints, and all are damaged.</exception>
    public Checkpoint? Latest(Action<CheckpointException> damaged)
    {
        IReadOnlyList<int> steps = Steps;
        CheckpointException? first = null;
        foreach (int step in steps.Reverse())
        {
            try
            {
                return Checkpoint.Open(PathOf(step));
            }
            catch (CheckpointException exception)
            {
                first ??= exception;
                damaged(exception);
            }
        }

        return first is null
            ? null
            : throw new CheckpointException(
                Folder,
                $"{first.Message} None of the {steps.Count} checkpoints in {Folder} can be used: put a copy of one there, or start "
                + "the run again in another folder.",
                first);
    }

    /// <summary>Writes a checkpoint; it is there whole or not at all.</summary>
    /// <param name="state">What state.json says, without the trainer's part.</param>
    /// <param name="configuration">The run's options as YAML.</param>
    /// <param name="tokenizerPath">The folder or a file of the tokenizer, if there is one.</param>
    /// <param name="content">Models, optimizers and the rest.</param>
    /// <param name="chatTemplate">A .jinja file that models get in place of the tokenizer's; <see langword="null"/>: none.</param>
    /// <exception cref="RunFolderException">It cannot be written; the earlier ones are untouched.</exception>
    public void Save(CheckpointState state, string configuration, string? tokenizerPath, ICheckpointed content, string? chatTemplate = null)
    {
        string place = PathOf(state.Step);
        string beside = Path.Combine(Folder, Temporary + Path.GetFileName(place));
        try
        {
            Directory.CreateDirectory(Folder);
            RemoveIfThere(beside);
            Directory.CreateDirectory(beside);
            var writer = new CheckpointWriter(beside, tokenizerPath, chatTemplate);
            content.Save(writer);
            File.WriteAllText(Path.Combine(beside, Checkpoint.ConfigurationFile), configuration, new UTF8Encoding(false));
            File.WriteAllBytes(
                Path.Combine(beside, Checkpoint.StateFile),
                JsonSerializer.SerializeToUtf8Bytes(state with { Trainer = writer.State }, CheckpointJson.Options));
            CheckpointManifest.Seal(beside);
            string replaced = MakeRoom(place);
            Directory.Move(beside, place);
            Posix.SyncFolder(Folder);
            CheckpointManifest.Verify(place);
            RemoveIfThere(replaced);
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            TryRemove(beside);
            throw Failure(state.Step, exception);
        }

        Prune();
    }

    /// <summary>The checkpoints whose own step has the metric that the best one is chosen by, and its value.</summary>
    public IReadOnlyList<(int Step, double Value)> Candidates(string metric)
    {
        var candidates = new List<(int Step, double Value)>();
        foreach (int step in Steps)
        {
            try
            {
                if (Checkpoint.ReadState(PathOf(step)).Metrics.TryGetValue(metric, out double value) && double.IsFinite(value))
                {
                    candidates.Add((step, value));
                }
            }
            catch (CheckpointException)
            {
                // A damaged one is not the best.
            }
        }

        return candidates;
    }

    /// <summary>The step of the best checkpoint; <see langword="null"/>: none is to be kept, or none has the metric.</summary>
    public int? Best()
    {
        if (_options.KeepBest is not { } best)
        {
            return null;
        }

        IReadOnlyList<(int Step, double Value)> candidates = Candidates(best.Metric);
        return candidates.Count == 0
            ? null
            : best.Better == MetricDirection.Higher
                ? candidates.MaxBy(candidate => candidate.Value).Step
                : candidates.MinBy(candidate => candidate.Value).Step;
    }

    private void Prune()
    {
        int? best = Best();
        foreach (int step in Steps.SkipLast(_options.KeepLast).Where(step => step != best))
        {
            // A removal that is interrupted must not leave half a checkpoint under its name.
            string gone = Path.Combine(Folder, Temporary + "gone-" + Path.GetFileName(PathOf(step)));
            RemoveIfThere(gone);
            Directory.Move(PathOf(step), gone);
            Directory.Delete(gone, recursive: true);
        }
    }

    /// <summary>Moves an earlier checkpoint of the same step aside; it goes when the new one is verified.</summary>
    private string MakeRoom(string place)
    {
        string replaced = Path.Combine(Folder, Replaced + Path.GetFileName(place));
        RemoveIfThere(replaced);
        if (Directory.Exists(place))
        {
            Directory.Move(place, replaced);
        }

        return replaced;
    }

    private RunFolderException Failure(int step, Exception exception)
    {
        string earlier = Steps.Count > 0
            ? $"The earlier ones, up to {Path.GetFileName(PathOf(Steps[^1]))}, are untouched."
            : "There is no earlier one.";
        string reason = exception is ProximalException { Function: { Length: > 0 } function }
            ? exception.Message.Replace($"{function}: ", string.Empty, StringComparison.Ordinal)
            : exception.Message;
        return new RunFolderException(
            Folder,
            $"{PathOf(step)} cannot be written: {reason.TrimEnd('.')}. {earlier} Where the disk is full, free some space or lower "
            + "checkpoints.keep_last; then go on with --resume.",
            exception);
    }

    private static bool IsOfTheDisk(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or CheckpointException or ProximalException { Status: ProximalStatus.Io };

    private static void RemoveIfThere(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void TryRemove(string folder)
    {
        try
        {
            RemoveIfThere(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next start removes it.
        }
    }

    [GeneratedRegex("^step-([0-9]{6,9})$")]
    private static partial Regex StepPattern();
}
