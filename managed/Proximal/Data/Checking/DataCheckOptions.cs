using Proximal.ChatTemplates;
using Proximal.Internal;
using Proximal.Tokenization;

namespace Proximal.Data.Checking;

/// <summary>What a check looks at.</summary>
public sealed record DataCheckOptions
{
    /// <summary>The names of the fields.</summary>
    public DataFieldNames Fields { get; init; } = new();

    /// <summary>What the rows are; <see langword="null"/>: recognised by the fields of the first ones.</summary>
    public DataShape? Shape { get; init; }

    /// <summary>Whose form the rows have.</summary>
    public DataFormat Format { get; init; }

    /// <summary>The name of a data set in a <c>dataset_info.json</c>, which the path leads to; <see langword="null"/>: the path leads to the rows.</summary>
    public string? Dataset { get; init; }

    /// <summary>Whether texts become messages, as in the run; <see langword="null"/>: as the form has it.</summary>
    public bool? ApplyChatTemplate { get; init; }

    /// <summary>The tokenizer of the model that the data are for; <see langword="null"/>: tokens are not counted.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Writes the model's conversations, for rows of messages; <see langword="null"/>: with a tokenizer such rows are errors, as in a run.</summary>
    public ChatEncoder? Chat { get; init; }

    /// <summary>How texts become sequences of tokens; needs <see cref="Tokenizer"/>. <see langword="null"/>: any length fits, nothing between or behind the texts.</summary>
    public SequenceLimits? Limits { get; init; }

    /// <summary>
    /// A file whose words are known, such as a text in the language of the model; <see langword="null"/>: none. Of .json, .jsonl and
    /// .ndjson files every string counts, of others the whole text.
    /// </summary>
    public string? Vocabulary { get; init; }

    /// <summary>How many problems of a kind are told with their place, at least 0; all are counted.</summary>
    public int MostProblems { get; init; } = 20;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Fields);
        Fields.Validate();
        if (Shape is { } shape)
        {
            Require.Defined(shape);
        }

        Require.Defined(Format);
        Require.AtLeast(MostProblems, 0);
        if ((Limits is not null || Chat is not null) && Tokenizer is null)
        {
            throw new ArgumentException("Limits and Chat speak of tokens: give a Tokenizer too, or leave them out.");
        }
    }
}
