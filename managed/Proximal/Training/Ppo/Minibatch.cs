namespace Proximal.Training.Ppo;

/// <summary>The sequences of one optimizer step, as micro-batches.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Index">Its place in the epoch, from 0.</param>
/// <param name="MicroBatches">What goes through a model at once.</param>
/// <param name="Normalizer">Divides the step's weighted sum of token losses.</param>
internal sealed record Minibatch(int Epoch, int Index, IReadOnlyList<MicroBatch> MicroBatches, double Normalizer);
