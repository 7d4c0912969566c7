namespace Proximal.Evaluation;

/// <summary>How far an evaluation is. Reported from its own thread.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">Responses done.</param>
/// <param name="Total">Responses of the phase; 0: unknown.</param>
public readonly record struct EvaluationProgress(EvaluationPhase Phase, long Done = 0, long Total = 0);
