namespace Proximal.Tokenization;

/// <summary>A part of the training of a tokenizer.</summary>
public enum TokenizerTrainingPhase
{
    /// <summary>The words of the text are counted.</summary>
    Counting,

    /// <summary>Pairs are merged.</summary>
    Merging,
}
