using System.Text.Json;
using Proximal.Models;
using Proximal.Training;

namespace Proximal.Runs.Checkpoints;

/// <summary>Takes what belongs into a checkpoint. One caller at a time.</summary>
public sealed class CheckpointWriter
{
    private readonly string? _tokenizerPath;
    private readonly string? _chatTemplate;

    internal CheckpointWriter(string folder, string? tokenizerPath, string? chatTemplate = null)
    {
        Folder = folder;
        _tokenizerPath = tokenizerPath;
        _chatTemplate = chatTemplate;
    }

    /// <summary>Where files go until the checkpoint is complete.</summary>
    public string Folder { get; }

    /// <summary>What <see cref="SetState{T}"/> was given.</summary>
    internal JsonElement State { get; private set; }

    /// <summary>Writes a model as a Hugging Face folder, fp32; a language model gets the tokenizer's files, so that it can be used at once.</summary>
    /// <param name="name">The folder's name.</param>
    /// <param name="model">The model.</param>
    public void AddModel(string name, LanguageModel model)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(model);
        string folder = Path.Combine(Folder, name);
        model.Save(folder);
        if (model.Info.Head == ModelHead.LanguageModel)
        {
            TokenizerFiles.Copy(_tokenizerPath, folder, _chatTemplate);
        }
    }

    /// <summary>Writes a trainer's moments and step count.</summary>
    /// <param name="name">The name of the model that it trains.</param>
    /// <param name="trainer">The trainer.</param>
    public void AddOptimizer(string name, Trainer trainer)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(trainer);
        OptimizerFile.Write(Path.Combine(Folder, OptimizerFile.NameOf(name)), trainer);
    }

    /// <summary>Writes other weights of a model's shape, such as an average or the best ones.</summary>
    internal void AddWeights(string name, LanguageModel model, IReadOnlyList<float[]> weights)
    {
        using var file = new TensorFileWriter(
            Path.Combine(Folder, Checkpoint.WeightsNameOf(name)),
            [.. model.Tensors.Select(tensor => (tensor.Name, tensor.Shape))],
            new Dictionary<string, string> { ["format"] = "pt" });
        foreach (TensorInfo tensor in model.Tensors)
        {
            file.Write(weights[tensor.Index]);
        }

        file.Finish();
    }

    /// <summary>Keeps everything else: what JSON can hold, numbers bit for bit.</summary>
    /// <typeparam name="T">A record of plain values.</typeparam>
    /// <param name="state">The values.</param>
    public void SetState<T>(T state) => State = JsonSerializer.SerializeToElement(state, CheckpointJson.Options);
}
