namespace Proximal.Models;

/// <summary>What the files of a model say about it, without loading it.</summary>
public sealed record ModelSummary
{
    /// <summary>The folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>How it is stored: safetensors, gguf or llama2.c.</summary>
    public required string Format { get; init; }

    /// <summary>config.json's model_type, or GGUF's general.architecture.</summary>
    public required string Family { get; init; }

    /// <summary>The sizes that the files name, by the name of <see cref="ModelInfo"/>'s properties, in the order in which to show them.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Sizes { get; init; }

    /// <summary>Number of parameters in all tensors of the files.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters by the type of the numbers in the file, the most frequent first.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Types { get; init; }

    /// <summary>Bytes of the tensors' files.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of the weights in memory, which are fp32.</summary>
    public long WeightBytes => Parameters * sizeof(float);

    /// <summary>Bytes that training all of it by AdamW takes: weights, gradients and two moments in fp32, without activations.</summary>
    public long TrainingBytes => 4 * WeightBytes;

    /// <summary>Bytes of keys and values for one token of context; <see langword="null"/> when a size for it is not known.</summary>
    public long? CacheBytesPerToken => Size("Layers") is { } layers && Size("KvHeads") is { } heads && Size("HeadSize") is { } width
        ? 2 * layers * heads * width * sizeof(float)
        : null;

    /// <summary>A size, where the files name it.</summary>
    /// <param name="name">A property of <see cref="ModelInfo"/>.</param>
    public long? Size(string name) => Sizes.Where(size => size.Key == name).Select(size => (long?)size.Value).FirstOrDefault();

    /// <summary>Reads what a model's files say.</summary>
    /// <param name="path">A Hugging Face folder, a .gguf file or a folder with one, or a llama2.c .bin file.</param>
    /// <exception cref="ProximalException">There is no model, or its files are damaged.</exception>
    public static ModelSummary Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Formats.SummaryReader.Read(path);
    }
}
