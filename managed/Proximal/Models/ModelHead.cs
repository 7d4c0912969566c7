namespace Proximal.Models;

/// <summary>What stands on a model's last hidden state.</summary>
public enum ModelHead
{
    /// <summary>What the folder holds: scalar for architectures named ...ForSequenceClassification, else language model.</summary>
    FromFile = 0,

    /// <summary>Logits over the vocabulary: log-probs and generation.</summary>
    LanguageModel = 1,

    /// <summary>One number: rewards (at the last token) and values (at every token).</summary>
    Scalar = 2,
}
