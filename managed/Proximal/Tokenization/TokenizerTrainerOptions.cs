using System.Text;
using Proximal.Internal;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization;

/// <summary>What a <see cref="TokenizerTrainer"/> makes.</summary>
public sealed record TokenizerTrainerOptions
{
    /// <summary>The bytes, which every byte-level vocabulary holds.</summary>
    internal const int Bytes = 256;

    /// <summary>Tokens in all: special tokens, 256 bytes and merges. Text that runs out of pairs ends with fewer.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Pairs that occur less often are not merged; at least 1.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Tokens that stand for themselves and never come of merging; they have the first ids, in this order.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>The special token that begins a sequence; <see langword="null"/>: none.</summary>
    public string? BosToken { get; init; }

    /// <summary>The special token that ends a sequence; <see langword="null"/>: none.</summary>
    public string? EosToken { get; init; } = "<|endoftext|>";

    /// <summary>The special token that fills rows up; <see langword="null"/>: none.</summary>
    public string? PadToken { get; init; }

    /// <summary>Whether encoding puts <see cref="BosToken"/> before every text.</summary>
    public bool AddBosToken { get; init; }

    /// <summary>How text is divided into words.</summary>
    public TokenizerSplit Split { get; init; }

    /// <summary>A regular expression (Oniguruma's dialect) whose matches are words, instead of <see cref="Split"/>; what lies between matches is words too.</summary>
    public string? SplitExpression { get; init; }

    /// <summary>Threads that count words; 0: one a core. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>All special tokens in the order of their ids: <see cref="SpecialTokens"/>, then the named ones that are not among them.</summary>
    internal IReadOnlyList<string> AllSpecialTokens =>
        [.. SpecialTokens, .. new[] { BosToken, EosToken, PadToken }.OfType<string>().Distinct().Except(SpecialTokens)];

    internal void Validate()
    {
        Require.Defined(Split);
        Require.AtLeast(Threads, 0);
        if (MinFrequency < 1)
        {
            throw new ArgumentException($"The least frequency is {MinFrequency}: expected a whole number of at least 1.", nameof(MinFrequency));
        }

        ArgumentNullException.ThrowIfNull(SpecialTokens);
        IReadOnlyList<string> special = AllSpecialTokens;
        foreach (string token in special)
        {
            RequireUsable(token, special);
        }

        int least = Bytes + special.Count;
        if (VocabularySize < least || VocabularySize > Vocabulary.MaximumId + 1)
        {
            throw new ArgumentException(
                $"The vocabulary size is {VocabularySize}: expected {least} (256 bytes and {special.Count} special tokens) to {Vocabulary.MaximumId + 1}.",
                nameof(VocabularySize));
        }

        if (AddBosToken && BosToken is null)
        {
            throw new ArgumentException("A begin token is to stand before every text, but none is named: name it, or do not add it.", nameof(BosToken));
        }
    }

    private static void RequireUsable(string? token, IReadOnlyList<string> all)
    {
        if (string.IsNullOrEmpty(token) || token.Length > AddedToken.LongestContent)
        {
            throw new ArgumentException(
                $"A special token has {token?.Length ?? 0} characters: expected 1 to {AddedToken.LongestContent}.", nameof(token));
        }

        if (all.Count(other => other == token) > 1)
        {
            throw new ArgumentException($"The special token \"{token}\" is named twice: name it once.", nameof(token));
        }

        if (!token.EnumerateRunes().SelectMany(rune => rune.ToString()).SequenceEqual(token))
        {
            throw new ArgumentException("A special token holds half a surrogate pair: give it as Unicode text.", nameof(token));
        }
    }
}
