namespace Proximal.Tokenization;

/// <summary>Where the training of a tokenizer is.</summary>
/// <param name="Phase">What is under way.</param>
/// <param name="Done">Bytes counted, or merges found.</param>
/// <param name="Total">Bytes in all, or merges wanted.</param>
public readonly record struct TokenizerTrainingProgress(TokenizerTrainingPhase Phase, long Done, long Total);
