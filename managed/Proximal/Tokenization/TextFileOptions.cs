namespace Proximal.Tokenization;

/// <summary>What counts as one text in the files that a <see cref="TokenizerTrainer"/> reads.</summary>
public sealed record TextFileOptions
{
    /// <summary>The field of a JSON row that holds its text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>
    /// Whether a text file is one text. Else each of its lines is one, with its line end, as the reference library reads files: then no
    /// token spans lines, and memory does not grow with the file.
    /// </summary>
    public bool WholeFiles { get; init; }
}
