namespace Proximal.Evaluation.Judging;

/// <summary>One answer to one question about one pair.</summary>
public sealed record Vote
{
    /// <summary>The prompt's place among the prompts, from 0.</summary>
    public required int Prompt { get; init; }

    /// <summary>Which response to the prompt, from 0.</summary>
    public required int Sample { get; init; }

    /// <summary>What was asked.</summary>
    public required JudgeQuestion Question { get; init; }

    /// <summary>Whose response was preferred.</summary>
    public required Choice Choice { get; init; }

    /// <summary>The model's response was shown first.</summary>
    public required bool ModelFirst { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset At { get; init; }
}
