using System.Text.Json;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Reports;
using Proximal.Runs.Checkpoints;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>
/// The folder that a run leaves: <c>metrics.jsonl</c>, TensorBoard events, <c>samples.jsonl</c>, <c>checkpoints/</c> and at the
/// end <c>model/</c>.
/// </summary>
/// <remarks>Rows are flushed as they are written, so a run that ends early leaves what it has done. One caller at a time.</remarks>
public sealed class RunFolder : IDisposable
{
    /// <summary>One row of curves a step, see METRICS.md.</summary>
    public const string MetricsFile = "metrics.jsonl";

    /// <summary>One row a response.</summary>
    public const string SamplesFile = "samples.jsonl";

    /// <summary>Every option of the run, defaults included.</summary>
    public const string ConfigurationFile = "config.yaml";

    /// <summary>The trained model, which is there whole or not at all.</summary>
    public const string ModelFolder = "model";

    /// <summary>The average of the actor's weights over the run, where one was kept.</summary>
    public const string AverageFolder = "model-ema";

    /// <summary>A model that is being written.</summary>
    private const string Unfinished = ".tmp-";

    private readonly JsonLines _metrics;
    private readonly JsonLines _samples;
    private readonly TensorBoardEvents _events;

    private RunFolder(string path, JsonLines metrics, JsonLines samples, TensorBoardEvents events)
    {
        Path = path;
        _metrics = metrics;
        _samples = samples;
        _events = events;
    }

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>Makes the folder, with its parents, and its files.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="overwrite">Removes an earlier run's files; without it such a folder is refused.</param>
    /// <exception cref="RunFolderException">The folder holds a run, or cannot be written.</exception>
    public static RunFolder Create(string path, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckFree(path, overwrite);
        string folder = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(folder);
            Remove(folder);
            var metrics = new JsonLines(System.IO.Path.Combine(folder, MetricsFile));
            var samples = new JsonLines(System.IO.Path.Combine(folder, SamplesFile));
            return new RunFolder(folder, metrics, samples, TensorBoardEvents.Start(folder, [], TimeProvider.System));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(
                folder, $"{folder} cannot be made a run folder: {exception.Message} Name another output folder.", exception);
        }
    }

    /// <summary>Opens the folder of a run again, as it was at a checkpoint: later rows are cut off.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="lengths">Bytes of each file with rows, by name; those that are not named are emptied.</param>
    /// <exception cref="RunFolderException">A file is shorter than that, or cannot be written.</exception>
    internal static RunFolder Reopen(string path, IReadOnlyDictionary<string, long> lengths)
    {
        string folder = System.IO.Path.GetFullPath(path);
        var open = new List<IDisposable>();
        try
        {
            JsonLines metrics = Reopen(MetricsFile);
            JsonLines samples = Reopen(SamplesFile);
            return new RunFolder(
                folder, metrics, samples, TensorBoardEvents.Start(folder, MetricsReader.Read(folder), TimeProvider.System));
        }
        catch (Exception exception)
        {
            open.ForEach(file => file.Dispose());
            if (exception is IOException or UnauthorizedAccessException)
            {
                throw new RunFolderException(folder, $"{folder} cannot be written: {exception.Message}", exception);
            }

            throw;
        }

        JsonLines Reopen(string name)
        {
            var lines = JsonLines.Reopen(System.IO.Path.Combine(folder, name), lengths.GetValueOrDefault(name));
            open.Add(lines);
            return lines;
        }
    }

    /// <summary>Throws when a folder holds a run that may not be replaced.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="overwrite">It may.</param>
    /// <exception cref="RunFolderException">The folder holds a run.</exception>
    public static void CheckFree(string path, bool overwrite)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string folder = System.IO.Path.GetFullPath(path);
        string? found = new[] { MetricsFile, SamplesFile, ModelFolder, AverageFolder, CheckpointStore.FolderName }
            .FirstOrDefault(name => System.IO.Path.Exists(System.IO.Path.Combine(folder, name)));
        if (found is not null && !overwrite)
        {
            throw new RunFolderException(
                folder, $"{folder} holds a run already ({found}): name another output folder, set overwrite, or go on with --resume.");
        }
    }

    /// <summary>Writes the options.</summary>
    /// <param name="yaml">The YAML text.</param>
    /// <exception cref="RunFolderException">The file cannot be written.</exception>
    public void WriteConfiguration(string yaml)
    {
        try
        {
            File.WriteAllText(System.IO.Path.Combine(Path, ConfigurationFile), yaml);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(Path, $"{Path}: {ConfigurationFile} cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Appends a row of curves.</summary>
    /// <param name="step">The step; 0: the start model.</param>
    /// <param name="metrics">The curves; numbers that are not finite become null.</param>
    /// <param name="warnings">What looks wrong, in plain words.</param>
    public void WriteMetrics(int step, IReadOnlyDictionary<string, double> metrics, IReadOnlyList<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(warnings);
        _metrics.Append(writer =>
        {
            writer.WriteNumber("step", step);
            foreach ((string name, double value) in metrics)
            {
                JsonLines.Number(writer, name, value);
            }

            if (warnings.Count > 0)
            {
                writer.WriteStartArray("warnings");
                foreach (string warning in warnings)
                {
                    writer.WriteStringValue(warning);
                }

                writer.WriteEndArray();
            }
        });
        try
        {
            _events.Write(step, metrics);
        }
        catch (IOException exception)
        {
            throw JsonLines.Failure(_events.Path, exception);
        }
    }

    /// <summary>Appends a row for every response of a step.</summary>
    /// <param name="step">The committed step.</param>
    public void WriteSamples(PpoStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        for (int s = 0; s < step.Rollout.Sequences; s++)
        {
            int sequence = s;
            _samples.Append(writer => WriteSample(writer, step, sequence));
        }
    }

    /// <summary>Writes the trained model as a Hugging Face folder with the tokenizer's files.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizerPath">The tokenizer's folder or one of its files, which may be a .gguf file; <see langword="null"/>: there is none.</param>
    /// <param name="type">The type of the numbers.</param>
    /// <param name="name">The folder's name in the run folder.</param>
    /// <param name="chatTemplate">A .jinja file that is written in place of the chat template there; <see langword="null"/>: none.</param>
    /// <returns>The model's folder.</returns>
    /// <exception cref="RunFolderException">A file cannot be written.</exception>
    public string WriteModel(
        LanguageModel model,
        string? tokenizerPath,
        SavedType type = SavedType.Float32,
        string name = ModelFolder,
        string? chatTemplate = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        string folder = System.IO.Path.Combine(Path, name);
        string beside = System.IO.Path.Combine(Path, Unfinished + name);
        try
        {
            RemoveFolder(beside);
            model.Save(beside, (TensorType)type);
            TokenizerFiles.Copy(tokenizerPath, beside, chatTemplate);
            RemoveFolder(folder);
            Directory.Move(beside, folder);
            Posix.SyncFolder(Path);
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ProximalException { Status: ProximalStatus.Io })
        {
            throw new RunFolderException(
                folder,
                $"{folder} cannot be written: {exception.Message.TrimEnd('.')}. Where the disk is full, free some space; then go on with --resume.",
                exception);
        }

        return folder;
    }

    /// <summary>Brings every row to the disk.</summary>
    /// <returns>Bytes of each file with rows, by name.</returns>
    internal Dictionary<string, long> Sync()
    {
        _metrics.FlushToDisk();
        _samples.FlushToDisk();
        return new Dictionary<string, long> { [MetricsFile] = _metrics.Length, [SamplesFile] = _samples.Length };
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _metrics.Dispose();
        _samples.Dispose();
        _events.Dispose();
    }

    private static void Remove(string folder)
    {
        File.Delete(System.IO.Path.Combine(folder, MetricsFile));
        File.Delete(System.IO.Path.Combine(folder, SamplesFile));
        File.Delete(System.IO.Path.Combine(folder, RunSummary.File));
        RunReport.Remove(folder);
        TensorBoardEvents.Remove(folder);
        foreach (string name in new[] { ModelFolder, AverageFolder, CheckpointStore.FolderName })
        {
            RemoveFolder(System.IO.Path.Combine(folder, name));
        }
    }

    private static void RemoveFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteSample(Utf8JsonWriter writer, PpoStep step, int s)
    {
        Rollout rollout = step.Rollout;
        Range response = rollout.Response(s);
        writer.WriteNumber("step", step.Step);
        writer.WriteNumber("index", s);
        if (rollout.Prompts.Count > 0)
        {
            writer.WriteString("prompt", rollout.Prompts[s].Text);
            writer.WriteString("source", rollout.Prompts[s].Source);
        }

        writer.WriteString("response", rollout.ResponseTexts.ElementAtOrDefault(s));
        writer.WriteString("finish_reason", rollout.FinishReasons[s] == Rollouts.FinishReason.Stop ? "stop" : "length");
        JsonLines.Number(writer, "score", rollout.Scores[s]);
        writer.WriteStartObject("rewards");
        foreach ((string name, float[] values) in rollout.Components)
        {
            JsonLines.Number(writer, name, values[s]);
        }

        writer.WriteEndObject();
        writer.WriteNumber("prompt_tokens", rollout.PromptLengths[s]);
        writer.WriteStartArray("tokens");
        foreach (int token in rollout.Tokens.AsSpan(response))
        {
            writer.WriteNumberValue(token);
        }

        writer.WriteEndArray();
        JsonLines.Numbers(writer, "logprobs", rollout.LogProbs.AsSpan(response));
        JsonLines.Numbers(writer, "reference_logprobs", rollout.ReferenceLogProbs.AsSpan(response));
        JsonLines.Numbers(writer, "values", rollout.Values.AsSpan(response));
        JsonLines.Numbers(writer, "token_rewards", rollout.Rewards.AsSpan(response));
        JsonLines.Numbers(writer, "advantages", rollout.PolicyAdvantages.AsSpan(response));
        JsonLines.Numbers(writer, "returns", rollout.Returns.AsSpan(response));
    }
}
