using Proximal.Models;

namespace Proximal.Training.Ppo;

/// <summary>The exponential moving average of a model's weights.</summary>
internal sealed class WeightAverage
{
    private readonly LanguageModel _model;
    private readonly double _decay;
    private float[][] _tensors;

    public WeightAverage(LanguageModel model, double decay)
    {
        _model = model;
        _decay = decay;
        _tensors = Read();
    }

    /// <summary>The average, one array a tensor in the model's order.</summary>
    public IReadOnlyList<float[]> Tensors => _tensors;

    /// <summary>Takes the model's weights in. Whole or not at all.</summary>
    public void Update()
    {
        float[][] next = Read();
        for (int t = 0; t < next.Length; t++)
        {
            for (int i = 0; i < next[t].Length; i++)
            {
                next[t][i] = (float)((_decay * _tensors[t][i]) + ((1 - _decay) * next[t][i]));
            }
        }

        _tensors = next;
    }

    /// <summary>Puts an average back.</summary>
    public void Restore(IReadOnlyList<float[]> tensors) => _tensors = [.. tensors];

    /// <summary>A model with the averaged weights; the caller disposes it.</summary>
    public LanguageModel ToModel()
    {
        LanguageModel model = _model.CloneWeights();
        foreach (TensorInfo tensor in model.Tensors)
        {
            model.WriteTensor(tensor.Name, _tensors[tensor.Index]);
        }

        return model;
    }

    private float[][] Read() => [.. _model.Tensors.Select(tensor => _model.ReadTensor(tensor.Index))];
}
