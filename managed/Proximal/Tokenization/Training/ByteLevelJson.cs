using System.Text.Json.Nodes;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Writing;

namespace Proximal.Tokenization.Training;

/// <summary>Writes tokenizer.json and tokenizer_config.json of a trained byte-level tokenizer.</summary>
internal static class ByteLevelJson
{
    /// <summary>The text of tokenizer.json.</summary>
    public static string Tokenizer(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary) => TokenizerNodes.Text(TokenizerNodes.Tokenizer(
        Added(options, vocabulary),
        options is { Split: TokenizerSplit.Qwen2, SplitExpression: null } ? TokenizerNodes.Nfc() : null,
        PreTokenizer(options),
        PostProcessor(options, vocabulary),
        TokenizerNodes.ByteLevelDecoder(),
        TokenizerNodes.BytePair(
            vocabulary.Tokens.Select((token, id) => (token, id)),
            vocabulary.Merges.Select(merge => (vocabulary.Tokens[merge.Left], vocabulary.Tokens[merge.Right])),
            new BytePairOptions(),
            unknown: null)));

    /// <summary>The text of tokenizer_config.json.</summary>
    public static string Configuration(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary)
    {
        (string, string?)[] roles = [("bos_token", options.BosToken), ("eos_token", options.EosToken), ("pad_token", options.PadToken)];
        return TokenizerNodes.Text(TokenizerNodes.Configuration(Added(options, vocabulary), roles.Where(role => role.Item2 is not null).Select(role => (role.Item1, role.Item2!))));
    }

    private static IEnumerable<AddedToken> Added(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary) =>
        options.AllSpecialTokens.Select(token => new AddedToken { Id = vocabulary.IdOf(token), Content = token, IsSpecial = true });

    private static JsonObject PreTokenizer(TokenizerTrainerOptions options)
    {
        if (options.SplitExpression is { } expression)
        {
            return Splitting(expression);
        }

        return options.Split switch
        {
            TokenizerSplit.Gpt2 => TokenizerNodes.ByteLevel(trimOffsets: true, useRegex: true),
            TokenizerSplit.SmolLm => TokenizerNodes.Steps(
                "pretokenizers", TokenizerNodes.Digits(), TokenizerNodes.ByteLevel(trimOffsets: true, useRegex: true)),
            TokenizerSplit.Llama3 => Splitting(FamilyPatterns.Llama3Source),
            _ => Splitting(FamilyPatterns.Qwen2Source),
        };
    }

    private static JsonObject Splitting(string expression) => TokenizerNodes.Steps(
        "pretokenizers", TokenizerNodes.Split(expression), TokenizerNodes.ByteLevel(trimOffsets: true, useRegex: false));

    private static JsonObject PostProcessor(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary)
    {
        JsonObject offsets = TokenizerNodes.ByteLevel(trimOffsets: false, useRegex: true, addPrefixSpace: true);
        return options.AddBosToken
            ? TokenizerNodes.Steps("processors", offsets, TokenizerNodes.Template((options.BosToken!, vocabulary.IdOf(options.BosToken!)), after: null))
            : offsets;
    }
}
