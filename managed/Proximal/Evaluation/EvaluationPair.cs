namespace Proximal.Evaluation;

/// <summary>The responses of both models to one prompt, drawn with the same random numbers.</summary>
public sealed record EvaluationPair
{
    /// <summary>The prompt's place among the prompts, from 0.</summary>
    public required int Prompt { get; init; }

    /// <summary>Which response to the prompt, from 0.</summary>
    public required int Sample { get; init; }

    /// <summary>The prompt's text.</summary>
    public required string PromptText { get; init; }

    /// <summary>Where the prompt stands, such as <c>prompts.jsonl:12</c>; <see langword="null"/>: unknown.</summary>
    public string? Source { get; init; }

    /// <summary>The baseline's response.</summary>
    public required EvaluationResponse Baseline { get; init; }

    /// <summary>The model's response.</summary>
    public required EvaluationResponse Model { get; init; }
}
