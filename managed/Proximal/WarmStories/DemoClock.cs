using System.Globalization;
using Proximal.Evaluation;
using Proximal.Training.Ppo;
using Proximal.Training.Supervised;

namespace Proximal.WarmStories;

/// <summary>Turns the progress of single runs into that of the whole demo.</summary>
/// <param name="progress">Is told; <see langword="null"/>: nobody.</param>
internal sealed class DemoClock(IProgress<DemoProgress>? progress)
{
    /// <summary>Evaluations of a demo.</summary>
    public const int Evaluations = 3;

    /// <summary>Share of a reward model's run that samples stories for the normalisation, before it trains.</summary>
    private const double Normalization = 0.3;

    /// <summary>Share of a PPO step that generates, and that scores.</summary>
    private const double Rollout = 0.4;
    private const double Scoring = 0.1;

    /// <summary>Relative times of the stages: the mean of three runs on two cores.</summary>
    private static readonly double[] Weights = [1, 23, 48, 41, 103, 59, 49, 1];

    private static readonly int Phases = Enum.GetValues<EvaluationPhase>().Length;

    private double _share;

    /// <summary>Says that a stage begins or how far it is.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="share">How much of it is done, 0 to 1.</param>
    /// <param name="text">What it is doing.</param>
    /// <param name="line">Something to be told once.</param>
    public void Report(DemoStage stage, double share, string text, string? line = null)
    {
        double before = Weights.Take((int)stage).Sum();
        double done = (before + (Weights[(int)stage] * Math.Clamp(share, 0, 1))) / Weights.Sum();
        _share = Math.Max(_share, done);
        progress?.Report(new DemoProgress(stage, _share, Name(stage, text)) { Line = line });
    }

    /// <summary>The progress of a supervised run as a stage's.</summary>
    public void Report(DemoStage stage, SupervisedProgress value)
    {
        bool normalizes = stage != DemoStage.FineTuning;
        double trained = value.Steps == 0 ? 0 : (value.Phase == SupervisedPhase.Training ? value.Step - 1 + Part(value.Done, value.Total) : value.Step) / value.Steps;
        double share = !normalizes ? trained
            : value.Phase == SupervisedPhase.Normalization && value.Step == 0 ? Normalization * Part(value.Done, value.Total)
            : Normalization + ((1 - Normalization) * trained);
        string text = value.Phase == SupervisedPhase.Normalization
            ? "stories to normalise on"
            : value.Steps > 0 ? string.Create(CultureInfo.InvariantCulture, $"step {value.Step} of {value.Steps}") : "loading";
        Report(stage, value.Phase == SupervisedPhase.Loading ? 0 : share, text, value.Note);
    }

    /// <summary>The progress of a PPO run as a stage's.</summary>
    public void Report(DemoStage stage, PpoProgress value)
    {
        double part = Part(value.Done, value.Total);
        double steps = value.Phase switch
        {
            PpoPhase.Rollout => value.Step - 1 + (Rollout * part),
            PpoPhase.Scoring => value.Step - 1 + Rollout + (Scoring * part),
            PpoPhase.Update => value.Step - 1 + Rollout + Scoring + ((1 - Rollout - Scoring) * part),
            _ => value.Step,
        };
        string step = string.Create(CultureInfo.InvariantCulture, $"step {value.Step} of {value.Steps}, {Words(value.Phase)}");
        Report(stage, steps / value.Steps, value.Phase == PpoPhase.Loading ? Words(value.Phase) : step, value.Note);
    }

    /// <summary>The progress of one of the evaluations.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="value">How far it is.</param>
    public void Report(int index, EvaluationProgress value)
    {
        double share = ((int)value.Phase + Part(value.Done, value.Total)) / Phases;
        string text = string.Create(CultureInfo.InvariantCulture, $"{index + 1} of {Evaluations}, {Words(value.Phase)}");
        Report(DemoStage.Evaluation, (index + share) / Evaluations, text);
    }

    private static double Part(long done, long total) => total > 0 ? Math.Min(1, (double)done / total) : 0;

    private static string Words(PpoPhase phase) => phase switch
    {
        PpoPhase.Loading => "loading",
        PpoPhase.Rollout => "writing stories",
        PpoPhase.Scoring => "scoring them",
        PpoPhase.Update => "learning from them",
        PpoPhase.Validation => "writing for prompts kept aside",
        PpoPhase.Committed => "done",
        _ => "saving the model",
    };

    private static string Words(EvaluationPhase phase) => phase switch
    {
        EvaluationPhase.Loading => "loading",
        EvaluationPhase.Baseline => "the model before writes",
        EvaluationPhase.Model => "the model after writes",
        EvaluationPhase.Scoring => "scoring the stories",
        _ => "sensitive prompts",
    };

    private static string Name(DemoStage stage, string text)
    {
        string name = stage switch
        {
            DemoStage.Preparation => "data",
            DemoStage.FineTuning => "fine-tuning",
            DemoStage.RewardModel => "reward model",
            DemoStage.Judge => "judge",
            DemoStage.Ppo => "PPO",
            DemoStage.PpoWithBaseReference => "PPO, base reference",
            DemoStage.Evaluation => "evaluation",
            _ => "report",
        };
        return $"{name}: {text}";
    }
}
