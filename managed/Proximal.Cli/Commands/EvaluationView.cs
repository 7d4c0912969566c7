using System.Globalization;
using Proximal.Cli.Terminal;
using Proximal.Evaluation;

namespace Proximal.Cli.Commands;

/// <summary>Shows how far an evaluation is.</summary>
internal sealed class EvaluationView(IProgressView view) : IProgress<EvaluationProgress>
{
    private static readonly int Phases = Enum.GetValues<EvaluationPhase>().Length;

    public void Report(EvaluationProgress value)
    {
        double share = value.Total > 0 ? value.Done / (double)value.Total : 0;
        string done = value.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $" {value.Done}/{value.Total}") : string.Empty;
        view.Report((int)value.Phase + share, Phases, $"eval: {value.Phase.ToString().ToLowerInvariant()}{done}");
    }
}
