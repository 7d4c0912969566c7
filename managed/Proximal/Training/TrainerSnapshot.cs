using Proximal.Models;

namespace Proximal.Training;

/// <summary>Weights, moments and step counts of trainers as they were, to put back when a step is discarded.</summary>
/// <remarks>Its memory is three times that of the weights and is used again for every step.</remarks>
internal sealed class TrainerSnapshot(params Trainer[] trainers)
{
    private readonly Part[] _parts = [.. trainers.Select(trainer => new Part(trainer))];

    /// <summary>Takes everything in.</summary>
    public void Take()
    {
        foreach (Part part in _parts)
        {
            part.Take();
        }
    }

    /// <summary>Puts everything back, bit for bit, and forgets the gradients; what has not changed is left alone.</summary>
    public void Restore()
    {
        foreach (Part part in _parts)
        {
            part.Restore();
        }
    }

    private sealed class Part(Trainer trainer)
    {
        private readonly LanguageModel _model = trainer.Model;
        private readonly float[][] _weights = Allocate(trainer.Model);
        private readonly float[][] _first = Allocate(trainer.Model);
        private readonly float[][] _second = Allocate(trainer.Model);
        private long _version;
        private long _steps;

        public void Take()
        {
            _version = _model.Version;
            _steps = trainer.Steps;
            foreach (TensorInfo tensor in _model.Tensors)
            {
                _model.ReadTensor(tensor.Index, _weights[tensor.Index]);
                trainer.ReadMoments(tensor.Index, _first[tensor.Index], _second[tensor.Index]);
            }
        }

        public void Restore()
        {
            trainer.ZeroGradients();
            if (_model.Version == _version)
            {
                return;
            }

            foreach (TensorInfo tensor in _model.Tensors)
            {
                _model.WriteTensor(tensor.Name, _weights[tensor.Index]);
                trainer.WriteMoments(tensor.Index, _first[tensor.Index], _second[tensor.Index]);
            }

            trainer.Steps = _steps;
        }

        private static float[][] Allocate(LanguageModel model) =>
            [.. model.Tensors.Select(tensor => new float[tensor.Elements])];
    }
}
