namespace Proximal.Models;

/// <summary>What stands on a model's last hidden state.</summary>
public enum ModelHead
{
    /// <summary>
    /// What the folder holds: scalar for ...ForSequenceClassification, for OpenRLHF's reward and value models and without
    /// an LM head, else language model (also where TRL's value head stands beside it).
    /// </summary>
    FromFile = 0,

    /// <summary>Logits over the vocabulary: log-probs and generation.</summary>
    LanguageModel = 1,

    /// <summary>One number: rewards (at the last token) and values (at every token).</summary>
    Scalar = 2,
}
