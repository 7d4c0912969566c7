using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>The caller's own loss, given as its gradients with respect to the model's outputs.</summary>
/// <remarks>
/// Gradients are those before weight and normalizer; for scores no weight applies. At least one is given, of outputs
/// that the model's head has.
/// </remarks>
public sealed record UpstreamObjective : Objective
{
    /// <summary>[N] d loss / d log-prob.</summary>
    public ReadOnlyMemory<float> LogProbGradients { get; init; }

    /// <summary>[N] d loss / d entropy.</summary>
    public ReadOnlyMemory<float> EntropyGradients { get; init; }

    /// <summary>[N] d loss / d value.</summary>
    public ReadOnlyMemory<float> ValueGradients { get; init; }

    /// <summary>[S] d loss / d score.</summary>
    public ReadOnlyMemory<float> ScoreGradients { get; init; }

    private bool HasPolicyGradients => !LogProbGradients.IsEmpty || !EntropyGradients.IsEmpty;

    private bool HasScalarGradients => !ValueGradients.IsEmpty || !ScoreGradients.IsEmpty;

    private protected override ModelHead? RequiredHead => (HasPolicyGradients, HasScalarGradients) switch
    {
        (true, false) => ModelHead.LanguageModel,
        (false, true) => ModelHead.Scalar,
        _ => throw new ArgumentException("Expected gradients of either a language-model head or a scalar head."),
    };

    internal override ObjectiveArrays Arrays() => new()
    {
        UpstreamLogProbs = LogProbGradients.Span,
        UpstreamEntropies = EntropyGradients.Span,
        UpstreamValues = ValueGradients.Span,
        UpstreamScores = ScoreGradients.Span,
    };

    private protected override void Fill(ref px_objective native, PackedBatch batch)
    {
        Require.OptionalLength(LogProbGradients, batch.Count);
        Require.OptionalLength(EntropyGradients, batch.Count);
        Require.OptionalLength(ValueGradients, batch.Count);
        Require.OptionalLength(ScoreGradients, batch.Sequences);
        native.kind = (int)px_objective_kind.PX_OBJECTIVE_UPSTREAM;
    }
}
