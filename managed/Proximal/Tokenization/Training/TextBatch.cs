namespace Proximal.Tokenization.Training;

/// <summary>A part of a file whose texts are decoded where they are counted.</summary>
/// <param name="Bytes">How much of the file it is.</param>
/// <param name="Texts">The texts in order; enumerating throws what is wrong with them.</param>
internal sealed record TextBatch(long Bytes, IEnumerable<string> Texts);
