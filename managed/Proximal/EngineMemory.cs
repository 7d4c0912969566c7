namespace Proximal;

/// <summary>Native memory by purpose, in bytes.</summary>
/// <param name="WeightBytes">Parameters of live weights and heads.</param>
/// <param name="GradientBytes">Gradients of live trainers.</param>
/// <param name="OptimizerBytes">Optimizer moments of live trainers.</param>
/// <param name="CacheBytes">Key/value caches of live generators.</param>
/// <param name="PeakResidentBytes">The largest resident set of the process so far.</param>
public readonly record struct EngineMemory(
    ulong WeightBytes, ulong GradientBytes, ulong OptimizerBytes, ulong CacheBytes, ulong PeakResidentBytes);
