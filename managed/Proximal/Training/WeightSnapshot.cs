using Proximal.Models;

namespace Proximal.Training;

/// <summary>The weights of models as they were, to put back when a step is discarded.</summary>
internal sealed class WeightSnapshot
{
    private readonly (LanguageModel Model, long Version, float[][] Tensors)[] _models;

    public WeightSnapshot(params LanguageModel[] models)
    {
        _models =
        [
            .. models.Select(model =>
                (model, model.Version, model.Tensors.Select(tensor => model.ReadTensor(tensor.Index)).ToArray())),
        ];
    }

    /// <summary>Puts the weights back, bit for bit; a model that has not changed is left alone.</summary>
    public void Restore()
    {
        foreach ((LanguageModel model, long version, float[][] tensors) in _models)
        {
            if (model.Version == version)
            {
                continue;
            }

            foreach (TensorInfo tensor in model.Tensors)
            {
                model.WriteTensor(tensor.Name, tensors[tensor.Index]);
            }
        }
    }
}
