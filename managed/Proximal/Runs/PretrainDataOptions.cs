using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The documents of pretraining, and how they become sequences of tokens.</summary>
/// <remarks>
/// A document is what the tokenizer puts in front of a text, its tokens and the end token; every token but the first is learned.
/// One that is longer than a sequence goes on in the next one. Documents are packed end to end and do not see each other.
/// </remarks>
public sealed record PretrainDataOptions
{
    /// <summary>The files; at least one.</summary>
    public required IReadOnlyList<TextSourceOptions> Sources { get; init; }

    /// <summary>The field of a row that holds its text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>
    /// What stands between the documents of a text file, such as <c>&lt;|endoftext|&gt;</c>; line ends around it are no part of them.
    /// <see langword="null"/>: a file is one document.
    /// </summary>
    public string? Separator { get; init; }

    /// <summary>The most tokens of a sequence; 0: the model's context.</summary>
    public int MaxTokens { get; init; }

    /// <summary>Puts the end token behind every document, so that it is learned where documents end.</summary>
    public bool AppendEnd { get; init; } = true;

    /// <summary>The end token; <see langword="null"/>: the tokenizer's.</summary>
    public int? EndTokenId { get; init; }

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    internal void Validate()
    {
        Require.NotNull(Sources);
        if (Sources.Count == 0)
        {
            throw new ArgumentException("No file is named: name at least one.", nameof(Sources));
        }

        foreach (TextSourceOptions source in Sources)
        {
            source.Validate();
        }

        Require.NotBlank(Field, nameof(Field));
        EncodingLimits.Check(MaxTokens, nameof(MaxTokens));
        if (Separator?.Length == 0)
        {
            throw new ArgumentException("An empty text separates nothing: give it a text, or leave it out.", nameof(Separator));
        }
    }
}
