using Proximal.Interop;

namespace Proximal.Models;

/// <summary>A model's sizes.</summary>
/// <param name="VocabularySize">Number of token ids.</param>
/// <param name="HiddenSize">Width of the hidden state.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads.</param>
/// <param name="HeadSize">Width of one head.</param>
/// <param name="IntermediateSize">Width of the feed-forward layer.</param>
/// <param name="ContextLength">The longest sequence.</param>
/// <param name="ParameterCount">Number of parameters, with the head.</param>
/// <param name="Head">What stands on the last hidden state.</param>
/// <param name="TiedEmbeddings">The language-model head is the embedding.</param>
/// <param name="StorageType">The type of the numbers in the file; memory is fp32.</param>
public sealed record ModelInfo(
    int VocabularySize,
    int HiddenSize,
    int Layers,
    int Heads,
    int KvHeads,
    int HeadSize,
    int IntermediateSize,
    int ContextLength,
    long ParameterCount,
    ModelHead Head,
    bool TiedEmbeddings,
    TensorType StorageType)
{
    internal static ModelInfo FromNative(in px_model_info native) => new(
        checked((int)native.vocabulary),
        checked((int)native.hidden),
        checked((int)native.layers),
        checked((int)native.heads),
        checked((int)native.kv_heads),
        checked((int)native.head_size),
        checked((int)native.intermediate),
        (int)Math.Min(native.context, int.MaxValue),
        native.parameters,
        (ModelHead)native.head,
        native.tied != 0,
        (TensorType)native.storage_dtype);
}
