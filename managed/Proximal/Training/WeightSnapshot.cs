using Proximal.Models;

namespace Proximal.Training;

/// <summary>The weights of a model as they were once, to put back later.</summary>
internal sealed class WeightSnapshot
{
    private readonly LanguageModel _model;
    private readonly float[][] _tensors;

    /// <summary>Takes a model's weights in.</summary>
    public WeightSnapshot(LanguageModel model)
        : this(model, [.. model.Tensors.Select(tensor => model.ReadTensor(tensor.Index))])
    {
    }

    /// <summary>Weights from elsewhere.</summary>
    /// <param name="model">The model they fit.</param>
    /// <param name="tensors">One array a tensor in the model's order.</param>
    public WeightSnapshot(LanguageModel model, float[][] tensors)
    {
        _model = model;
        _tensors = tensors;
    }

    /// <summary>One array a tensor in the model's order.</summary>
    public IReadOnlyList<float[]> Tensors => _tensors;

    /// <summary>Puts the weights back, bit for bit.</summary>
    public void Restore()
    {
        foreach (TensorInfo tensor in _model.Tensors)
        {
            _model.WriteTensor(tensor.Name, _tensors[tensor.Index]);
        }
    }
}
