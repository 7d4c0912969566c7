using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The prompts of a run.</summary>
/// <remarks>See <see cref="PromptFile"/>.</remarks>
public sealed record PromptsOptions : RowSourceOptions
{
    /// <summary>The field of a row that holds the prompt, a text or a list of messages. Rows without <c>prompt</c> may have <c>messages</c>.</summary>
    public string Field { get; init; } = PromptFile.DefaultField;

    /// <summary>The most tokens of a prompt; 0: as many as leave room for the response.</summary>
    public int MaxTokens { get; init; }

    /// <summary>What happens to prompts that are longer: they are refused, or left out and counted. They cannot be cut.</summary>
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    internal override void Validate()
    {
        base.Validate();
        Require.NotBlank(Field, nameof(Field));
        Require.AtLeast(MaxTokens, 0, nameof(MaxTokens));
        Require.Defined(TooLong);
        if (TooLong == TooLong.Cut)
        {
            throw new ArgumentException("A prompt is not cut, as that would ask something else: set it to refuse or drop.", nameof(TooLong));
        }
    }

    /// <summary>Reads the prompts.</summary>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="seed">Draws rows where the sources have weights.</param>
    /// <param name="notes">Are told what was read.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used.</exception>
    internal IReadOnlyList<Prompt> Read(Func<string, string> resolve, ulong seed, List<string> notes) =>
        SourceRows<Prompt>.Read(this, resolve, RowNames.OfPrompt(Field), PromptFile.Read, notes).Epoch(seed, notes);
}
