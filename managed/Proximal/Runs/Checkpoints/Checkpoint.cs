using System.Text.Json;
using Proximal.Models;
using Proximal.Training;

namespace Proximal.Runs.Checkpoints;

/// <summary>A checkpoint whose files were all read back and found to be those that were written.</summary>
public sealed class Checkpoint
{
    /// <summary>Steps, fingerprints, curves and the trainer's own state.</summary>
    internal const string StateFile = "state.json";

    /// <summary>Every option of the run that wrote it.</summary>
    internal const string ConfigurationFile = "config.yaml";

    /// <summary>The only file with weights of a model that a checkpoint writes.</summary>
    private const string WeightsFile = "model.safetensors";

    private Checkpoint(string folder, CheckpointState state)
    {
        Folder = folder;
        State = state;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Folder { get; }

    /// <summary>Steps committed.</summary>
    public int Step => State.Step;

    /// <summary>What state.json says.</summary>
    internal CheckpointState State { get; }

    /// <summary>Puts the weights of a model back, bit for bit.</summary>
    /// <param name="name">The name that it was written with.</param>
    /// <param name="model">A model of the same shape.</param>
    /// <exception cref="CheckpointException">There is none, or it has other tensors.</exception>
    public void RestoreModel(string name, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var file = new TensorFileReader(PathOf(Path.Combine(name, WeightsFile)));
        foreach (TensorInfo tensor in model.Tensors)
        {
            float[] values = new float[tensor.Elements];
            file.Read(tensor.Name, tensor.Shape, values);
            model.WriteTensor(tensor.Name, values);
        }
    }

    /// <summary>The file of weights that are no model of their own.</summary>
    internal static string WeightsNameOf(string name) => $"{name}.safetensors";

    /// <summary>Whether <see cref="CheckpointWriter.AddWeights"/> wrote such weights.</summary>
    internal bool HasWeights(string name) => File.Exists(Path.Combine(Folder, WeightsNameOf(name)));

    /// <summary>Reads what <see cref="CheckpointWriter.AddWeights"/> wrote, one array a tensor in the model's order.</summary>
    internal float[][] ReadWeights(string name, LanguageModel model)
    {
        using var file = new TensorFileReader(PathOf(WeightsNameOf(name)));
        float[][] weights = [.. model.Tensors.Select(tensor => new float[tensor.Elements])];
        foreach (TensorInfo tensor in model.Tensors)
        {
            file.Read(tensor.Name, tensor.Shape, weights[tensor.Index]);
        }

        return weights;
    }

    /// <summary>Puts a trainer's moments and step count back.</summary>
    /// <param name="name">The name of the model that it trains.</param>
    /// <param name="trainer">A trainer of a model of the same shape.</param>
    /// <exception cref="CheckpointException">There are none, or they have other shapes.</exception>
    public void RestoreOptimizer(string name, Trainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        OptimizerFile.Read(PathOf(OptimizerFile.NameOf(name)), trainer);
    }

    /// <summary>The values that <see cref="CheckpointWriter.SetState{T}"/> was given.</summary>
    /// <typeparam name="T">Their record.</typeparam>
    /// <exception cref="CheckpointException">They are not of this kind.</exception>
    public T GetState<T>()
        where T : class
    {
        try
        {
            return State.Trainer.Deserialize<T>(CheckpointJson.Options) ?? throw new JsonException("null");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(Folder, $"{Folder}: {StateFile} is not of this kind of run: {exception.Message}", exception);
        }
    }

    /// <summary>Reads all of a checkpoint back and opens it.</summary>
    /// <exception cref="CheckpointException">Something is missing, damaged or of another version; the text names it.</exception>
    internal static Checkpoint Open(string folder)
    {
        CheckpointManifest.Verify(folder);
        return new Checkpoint(folder, ReadState(folder));
    }

    /// <summary>Reads state.json alone.</summary>
    internal static CheckpointState ReadState(string folder)
    {
        try
        {
            CheckpointState state = JsonSerializer.Deserialize<CheckpointState>(
                File.ReadAllBytes(Path.Combine(folder, StateFile)), CheckpointJson.Options) ?? throw new JsonException("null");
            CheckpointJson.CheckFormat(folder, state.Format);
            if (state.Threads is < 1 or > EngineOptions.MaxThreads || state.Products is { } products && !Enum.IsDefined(products))
            {
                throw new JsonException($"no engine has {state.Threads} threads and products {state.Products}");
            }

            return state;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(folder, $"{folder}: {StateFile} cannot be read: {exception.Message}", exception);
        }
    }

    private string PathOf(string name)
    {
        string path = Path.Combine(Folder, name);
        return File.Exists(path)
            ? path
            : throw new CheckpointException(Folder, $"{Folder} has no {name}: it is not of this kind of run.");
    }
}
