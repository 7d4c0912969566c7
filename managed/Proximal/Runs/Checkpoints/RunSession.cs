using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Proximal.Configuration;
using Proximal.Diagnostics;

namespace Proximal.Runs.Checkpoints;

/// <summary>
/// A run's hold on its folder, whatever it trains: the lock, the checkpoint that it goes on from, and the checkpoints that
/// it writes. One caller at a time.
/// </summary>
/// <remarks>
/// In order: <see cref="Begin(RunSessionOptions)"/>; <see cref="StartEngine"/>; <see cref="AddInput"/> for all that is read again when the run is
/// resumed; <see cref="Open"/>; <see cref="Restore"/>; after each step <see cref="Announce"/> (where something is still to be
/// measured) and <see cref="Commit"/>, all of them within <see cref="GuardAsync"/>.
/// </remarks>
internal sealed partial class RunSession : IDisposable
{
    private readonly RunSessionOptions _options;
    private readonly RunLock _lock;
    private readonly CheckpointStore _store;
    private readonly Dictionary<string, string> _inputs = [];
    private Dictionary<string, double> _latest = [];
    private RunFolder? _folder;
    private Engine? _engine;
    private IReadOnlyDictionary<string, double> _metrics = new Dictionary<string, double>();
    private UnfinishedRow? _unfinished;
    private int _step;
    private int _savedStep;
    private bool _lookedForBest;

    private RunSession(RunSessionOptions options, RunLock runLock)
    {
        _options = options;
        _lock = runLock;
        _store = new CheckpointStore(options.Folder, options.Checkpoints);
    }

    /// <summary>What the run goes on from; <see langword="null"/>: it starts.</summary>
    public Checkpoint? Resumed { get; private set; }

    /// <summary>The run was resumed and had nothing left to do: its model is there.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>When the run started, UTC; of a resumed one, when it first did.</summary>
    public DateTimeOffset Started { get; private set; } = TimeProvider.System.GetUtcNow();

    /// <summary>Each curve's last value.</summary>
    public IReadOnlyDictionary<string, double> Latest => _latest;

    /// <summary>What a user who resumes is told.</summary>
    public string? Story { get; private set; }

    /// <summary>A step whose validation is still to be made before the next one.</summary>
    public UnfinishedRow? Unfinished => _unfinished;

    /// <summary>Takes the lock of a run's folder and looks for what to go on from.</summary>
    /// <param name="options">The run's options.</param>
    /// <param name="kind">One of <see cref="RunKind"/>.</param>
    /// <param name="steps">Steps of the run where an option says so; <see langword="null"/>: the data decide.</param>
    /// <param name="resume">Goes on with an earlier run in the folder.</param>
    /// <param name="logger">Is told warnings; <see langword="null"/>: nobody.</param>
    /// <exception cref="RunFolderException">Another run is in the folder, or it holds a run that may not be replaced.</exception>
    /// <exception cref="CheckpointException">All checkpoints are damaged, or the run was another one.</exception>
    public static RunSession Begin(RunOptions options, string kind, int? steps, bool resume, ILogger? logger) =>
        Begin(new RunSessionOptions
        {
            Kind = kind,
            Folder = options.Resolve(options.Output),
            Options = options,
            Configuration = ConfigurationWriter.Write(options, options.Resolve),
            Steps = steps,
            Resume = resume,
            Overwrite = options.Overwrite,
            Checkpoints = options.Checkpoints,
            TokenizerPath = options.TokenizerPath(),
            ChatTemplate = options.ChatTemplatePath(),
            Logger = logger,
        });

    /// <summary>Takes the folder's lock and looks for what to go on from.</summary>
    /// <exception cref="RunFolderException">Another run is in the folder, or it holds a run that may not be replaced.</exception>
    /// <exception cref="CheckpointException">All checkpoints are damaged, or the run was another one.</exception>
    public static RunSession Begin(RunSessionOptions options)
    {
        var session = new RunSession(options, RunLock.Take(options.Folder));
        try
        {
            if (options.Resume)
            {
                session.FindCheckpoint();
            }
            else
            {
                RunFolder.CheckFree(options.Folder, options.Overwrite);
            }

            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Starts what computes the run: as the options say, or as the checkpoint does where there is one. Another way gives other bits.</summary>
    public Engine StartEngine(RunOptions options, ILogger? logger) => new(new EngineOptions
    {
        Threads = Resumed?.State.Threads ?? options.Threads,
        Products = Resumed?.State.Products ?? options.Products,
        Logger = logger,
    });

    /// <summary>Notes what the run reads, and compares it with what it read when it started.</summary>
    /// <param name="name">The option that leads to it.</param>
    /// <param name="fingerprint">Of its content.</param>
    /// <exception cref="CheckpointException">It is another one.</exception>
    public void AddInput(string name, string fingerprint)
    {
        _inputs.Add(name, fingerprint);
        if (Resumed is { } checkpoint && checkpoint.State.Inputs.GetValueOrDefault(name) != fingerprint)
        {
            throw new CheckpointException(
                checkpoint.Folder,
                $"{name}: its content is not what it was when the run in {_options.Folder} started: put it back, or start a new run in "
                + "another folder.");
        }
    }

    /// <summary>Makes the run folder, or opens it as it was at the checkpoint.</summary>
    /// <param name="engine">What the run computes on.</param>
    public RunFolder Open(Engine engine)
    {
        _engine = engine;
        _folder = Resumed is { } checkpoint
            ? RunFolder.Reopen(_options.Folder, checkpoint.State.Files)
            : RunFolder.Create(_options.Folder, _options.Overwrite || _options.Resume);
        _folder.WriteConfiguration(_options.Configuration);
        return _folder;
    }

    /// <summary>Puts the content back as it was at the checkpoint; without one it stays as it is.</summary>
    public void Restore(ICheckpointed content)
    {
        if (Resumed is { } checkpoint)
        {
            content.Restore(checkpoint);
            _step = _savedStep = checkpoint.Step;
            _metrics = checkpoint.State.Metrics;
            _unfinished = checkpoint.State.Unfinished;
        }
    }

    /// <summary>A step is done, and its row waits for a validation: an interruption from here on keeps both for later.</summary>
    public void Announce(UnfinishedRow row)
    {
        _step = row.Step;
        _metrics = row.Metrics;
        _unfinished = row;
    }

    /// <summary>The row of a step is in metrics.jsonl: writes a checkpoint where the options want one.</summary>
    /// <param name="step">The step; 0: the start model, which needs no checkpoint.</param>
    /// <param name="metrics">Its curves.</param>
    /// <param name="content">What a checkpoint holds.</param>
    /// <param name="isLast">No step follows: it always has a checkpoint.</param>
    /// <exception cref="RunFolderException">The checkpoint cannot be written.</exception>
    public void Commit(int step, IReadOnlyDictionary<string, double> metrics, ICheckpointed content, bool isLast)
    {
        foreach ((string name, double value) in metrics)
        {
            _latest[name] = value;
        }

        bool completed = _unfinished is not null && _savedStep == step;
        _step = step;
        _metrics = metrics;
        _unfinished = null;
        int every = _options.Checkpoints.Every;
        if (step > 0 && (completed || isLast || (every > 0 && step % every == 0)))
        {
            Save(content);
        }
    }

    /// <summary>Does the work of a run; when it ends early, its last committed step gets a checkpoint.</summary>
    /// <param name="content">What a checkpoint holds.</param>
    /// <param name="work">The run. What it throws, this throws, but for a cancellation.</param>
    /// <param name="cancellationToken">The run's.</param>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public async Task<T> GuardAsync<T>(ICheckpointed content, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException cancelled) when (cancellationToken.IsCancellationRequested)
        {
            bool saved = SaveUnsaved(content);
            throw new RunInterruptedException(content.CommittedSteps, saved ? _store.PathOf(content.CommittedSteps) : null, cancelled);
        }
        catch (Exception failure) when (failure is not RunFolderException)
        {
            SaveUnsaved(content);
            throw;
        }
    }

    /// <summary>Writes a checkpoint of the last committed step if there is none: nothing is lost when the run ends early.</summary>
    /// <returns>Whether the step has one now.</returns>
    private bool SaveUnsaved(ICheckpointed content)
    {
        // A step whose samples are not all written is done again.
        if (_folder is not null && _step > _savedStep && content.CommittedSteps == _step)
        {
            try
            {
                Write(content);
            }
            catch (RunFolderException failure)
            {
                Warn(failure.Message);
            }
        }

        return _savedStep > 0 && _savedStep == _step;
    }

    /// <summary>Gives the folder up.</summary>
    public void Dispose()
    {
        _folder?.Dispose();
        _lock.Dispose();
    }

    private void FindCheckpoint()
    {
        _store.RemoveLeftovers();
        Resumed = _store.Latest(failure =>
            Warn($"{failure.Message} It is passed over; the steps since the checkpoint before it are done again."));
        bool hasModel = Directory.Exists(Path.Combine(_options.Folder, RunFolder.ModelFolder));
        if (Resumed is { } checkpoint)
        {
            CheckSameRun(checkpoint);
            _latest = new Dictionary<string, double>(checkpoint.State.Latest);
        }

        Started = Resumed is not null && RunSummary.Read(_options.Folder) is { } summary ? summary.Started : Started;
        Story = Resumed is null
            ? $"{_options.Folder} has no checkpoint: the run starts from the beginning"
            : $"going on after step {Resumed.Step}, from {Resumed.Folder}";
        IsFinished = hasModel && RunSummary.Read(_options.Folder) is { State: RunState.Finished }
            && (Resumed is null || _options.Steps is null || Resumed.Step == _options.Steps);
    }

    private void CheckSameRun(Checkpoint checkpoint)
    {
        if (checkpoint.State.Kind != _options.Kind)
        {
            throw new CheckpointException(
                checkpoint.Folder, $"{checkpoint.Folder} is of a run of '{checkpoint.State.Kind}', not of '{_options.Kind}': name its folder.");
        }

        string before = Path.Combine(checkpoint.Folder, Checkpoint.ConfigurationFile);
        ConfigurationChange[] changes =
        [
            .. ConfigurationComparison.Compare(_options.Options, _options.Configuration, File.ReadAllText(before), before)
                .Where(change => !change.MayChange),
        ];
        if (changes.Length > 0)
        {
            string list = string.Join("; ", changes.Select(change => $"{change.Key} was {change.Before} and is {change.Now} now"));
            throw new CheckpointException(
                checkpoint.Folder,
                $"The run in {_options.Folder} cannot be resumed with other options: {list}. Put {(changes.Length == 1 ? "it" : "them")} "
                + "back, or start a new run in another folder.");
        }

        if (checkpoint.Step > _options.Steps)
        {
            throw new CheckpointException(
                checkpoint.Folder,
                $"The run in {_options.Folder} has done {checkpoint.Step} steps already, and {_options.Steps} are wanted: raise the steps.");
        }
    }

    private void Save(ICheckpointed content)
    {
        try
        {
            Write(content);
        }
        catch (RunFolderException failure) when (_options.Checkpoints.OnFailure == CheckpointFailure.Continue)
        {
            Warn($"{failure.Message} The run goes on without this one, as checkpoints.on_failure says.");
        }
    }

    private void Write(ICheckpointed content)
    {
        var state = new CheckpointState
        {
            Kind = _options.Kind,
            Step = _step,
            Version = typeof(RunSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Threads = ThreadsOf(_engine!),
            Products = _engine!.Products,
            Files = _folder!.Sync(),
            Inputs = _inputs,
            Metrics = _metrics,
            Latest = _latest,
            Unfinished = _unfinished,
        };
        using Activity? activity = Activities.StartPhase(TelemetryPhase.Checkpoint, _step);
        long start = Stopwatch.GetTimestamp();
        _store.Save(state, _options.Configuration, _options.TokenizerPath, content, _options.ChatTemplate);
        Instruments.PhaseEnded(_options.Kind, TelemetryPhase.Checkpoint, Stopwatch.GetElapsedTime(start).TotalSeconds);
        _savedStep = _step;
        LookForBest();
    }

    /// <summary>A misspelt metric would keep nothing, and nobody would know.</summary>
    private void LookForBest()
    {
        if (_lookedForBest || _options.Checkpoints.KeepBest is not { } best)
        {
            return;
        }

        _lookedForBest = true;
        if (!_latest.ContainsKey(best.Metric) && !_metrics.ContainsKey(best.Metric))
        {
            Warn(
                $"checkpoints.keep_best.metric: no step so far has the curve '{best.Metric}', and without it no checkpoint is the best; "
                + NearestName.Advice(best.Metric, [.. _latest.Keys]));
        }
    }

    private static int ThreadsOf(Engine engine)
    {
        using JsonDocument description = JsonDocument.Parse(engine.Describe());
        return description.RootElement.GetProperty("threads").GetInt32();
    }

    private void Warn(string text)
    {
        if (_options.Logger is { } logger)
        {
            Warning(logger, text);
        }
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Warning, Message = "{Text}")]
    private static partial void Warning(ILogger logger, string text);
}
