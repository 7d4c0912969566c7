using Proximal.Models.Formats;
using Proximal.Tokenization.Loading;

namespace Proximal.Tokenization.Writing;

/// <summary>A tokenizer in the terms of a GGUF file: what llama.cpp makes of it gives the ids that the tokenizer gives.</summary>
internal sealed record GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>"gpt2" (byte-level BPE) or "llama" (SentencePiece's BPE by scores).</summary>
    public required string Model { get; init; }

    /// <summary>The name of how text is divided into words; "default" where nothing divides it.</summary>
    public required string Pre { get; init; }

    /// <summary>The tokens and what they are.</summary>
    public required GgufTokens Tokens { get; init; }

    /// <summary>How good a merge into a token is; of "llama".</summary>
    public float[]? Scores { get; init; }

    /// <summary>Pairs with a space between them, the first to apply first; of "gpt2".</summary>
    public string[]? Merges { get; init; }

    /// <summary>A space is put before a text; of "llama".</summary>
    public bool AddsSpace { get; init; }

    /// <summary>The token for what no other spells.</summary>
    public int? Unknown { get; init; }

    /// <summary>Where the file that is written is not all that the tokenizer is, in words for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Appends its keys.</summary>
    /// <param name="target">Receives them.</param>
    /// <param name="frame">What stands around a text.</param>
    public void WriteTo(GgufKeyValues target, GgufFrame frame)
    {
        target.Add(Prefix + "model", Model);
        target.Add(Prefix + "pre", Pre);
        target.Add(Prefix + "tokens", Tokens.Texts);
        if (Scores is not null)
        {
            target.Add(Prefix + "scores", Scores);
        }

        target.Add(Prefix + "token_type", Array.ConvertAll(Tokens.Kinds, kind => (int)kind));
        if (Merges is not null)
        {
            target.Add(Prefix + "merges", Merges);
        }

        foreach ((string key, int? id) in (ReadOnlySpan<(string, int?)>)
            [("bos", frame.Begin), ("eos", frame.End), ("unknown", Unknown), ("padding", frame.Pad)])
        {
            if (id is { } known)
            {
                target.Add($"{Prefix}{key}_token_id", known);
            }
        }

        target.Add(Prefix + "add_bos_token", frame.AddsBegin);
        target.Add(Prefix + "add_eos_token", frame.AddsEnd);
        if (Scores is not null)
        {
            target.Add(Prefix + "add_space_prefix", AddsSpace);
        }
    }
}
