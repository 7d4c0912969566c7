namespace Proximal.Rollouts;

/// <summary>Why a response ended.</summary>
public enum FinishReason
{
    /// <summary>It has not.</summary>
    None = 0,

    /// <summary>Its last token is a stop token.</summary>
    Stop = 1,

    /// <summary>It reached the most new tokens or the model's context.</summary>
    Length = 2,
}
