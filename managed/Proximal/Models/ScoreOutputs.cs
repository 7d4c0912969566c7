namespace Proximal.Models;

/// <summary>What <see cref="LanguageModel.Score"/> computes.</summary>
[Flags]
public enum ScoreOutputs
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>[N] log-prob of each token given those before it (language-model head).</summary>
    LogProbs = 1,

    /// <summary>[N] entropy of the distribution that each token was drawn from (language-model head).</summary>
    Entropies = 2,

    /// <summary>[N] value of the state before each token (scalar head).</summary>
    Values = 4,

    /// <summary>[S] the head at each sequence's last token (scalar head).</summary>
    Scores = 8,

    /// <summary>[N, H] the hidden state at each token after the final norm; not shifted.</summary>
    Hidden = 16,
}
