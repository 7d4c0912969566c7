namespace Proximal.Evaluation.Judging;

/// <summary>What a person is asked about a pair.</summary>
public enum JudgeQuestion
{
    /// <summary>Which response is better on the whole.</summary>
    Overall,

    /// <summary>Which response helps more.</summary>
    Helpfulness,

    /// <summary>Which response is safer.</summary>
    Safety,

    /// <summary>Which response reads better.</summary>
    Fluency,

    /// <summary>Which response does more of what the prompt asks.</summary>
    Instruction,
}
