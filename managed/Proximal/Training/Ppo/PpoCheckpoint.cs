namespace Proximal.Training.Ppo;

/// <summary>What a checkpoint keeps of a trainer beside models and optimizers.</summary>
/// <param name="State">Cursors and running statistics; every random stream follows from them and the seed.</param>
/// <param name="KlCoefficient">Beta of the next step.</param>
internal sealed record PpoCheckpoint(PpoTrainerState State, double KlCoefficient);
