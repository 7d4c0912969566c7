namespace Proximal.Data.Checking;

/// <summary>What one text of the rows is like.</summary>
public sealed record DataFieldReport
{
    /// <summary>What the text is: prompt, chosen, rejected, response or text.</summary>
    public required string Role { get; init; }

    /// <summary>The name of its field.</summary>
    public required string Field { get; init; }

    /// <summary>A run has to be told that name.</summary>
    public bool IsToTell { get; init; }

    /// <summary>Lengths in words; <see langword="null"/>: there are no texts.</summary>
    public LengthSummary? Words { get; init; }

    /// <summary>Lengths in characters (Unicode code points); <see langword="null"/>: there are no texts.</summary>
    public LengthSummary? Characters { get; init; }

    /// <summary>
    /// Lengths in tokens, with special tokens: of a prompt alone, of an answer behind its prompt, with what stands between and the end token;
    /// <see langword="null"/>: no tokenizer was given.
    /// </summary>
    public LengthSummary? Tokens { get; init; }

    /// <summary>distinct-1 to distinct-4: different n-grams of words over all n-grams, in (0, 1]; <see langword="null"/> where there is no n-gram.</summary>
    public required IReadOnlyList<double?> Distinct { get; init; }

    /// <summary>The share of the words, each as often as it occurs, that are in the vocabulary; <see langword="null"/>: none was given, or there are no words.</summary>
    public double? KnownWords { get; init; }

    /// <summary>The most frequent words that are not in the vocabulary, at most ten.</summary>
    public IReadOnlyList<string> UnknownWords { get; init; } = [];
}
