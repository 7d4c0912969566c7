namespace Proximal.Training;

/// <summary>What an optimizer step did.</summary>
/// <param name="GradientNorm">The gradient's norm before clipping.</param>
/// <param name="ClipCoefficient">min(1, max / (norm + 1e-6)).</param>
/// <param name="Step">Optimizer steps done, this one counted.</param>
/// <param name="Version">The version of the weights after it.</param>
public readonly record struct StepResult(double GradientNorm, double ClipCoefficient, long Step, long Version);
