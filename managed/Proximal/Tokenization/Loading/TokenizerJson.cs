using System.Text.Json;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads tokenizer.json, the format of Hugging Face's tokenizers.</summary>
internal static class TokenizerJson
{
    /// <summary>Reads the whole file.</summary>
    public static TokenizerParts Read(JsonPlace root)
    {
        root.ExpectKind(JsonValueKind.Object, "an object");
        ITokenModel model = ModelReader.Read(root.Required("model"));
        List<AddedToken> added = root.Optional("added_tokens") is { } list ? ReadAddedTokens(list, model.Vocabulary) : [];
        return new TokenizerParts
        {
            Model = model,
            Normalizer = root.Optional("normalizer") is { } normalizer ? NormalizerReader.Read(normalizer) : null,
            PreTokenizer = root.Optional("pre_tokenizer") is { } splitter ? PreTokenizerReader.Read(splitter) : null,
            PostProcessor = root.Optional("post_processor") is { } processor
                ? new PostProcessorReader(model.Vocabulary, added).Read(processor)
                : null,
            Decoder = root.Optional("decoder") is { } decoder ? DecoderReader.Read(decoder) : null,
            AddedTokens = added,
        };
    }

    private static List<AddedToken> ReadAddedTokens(JsonPlace list, Vocabulary vocabulary)
    {
        List<AddedToken> tokens = [];
        HashSet<int> ids = [];
        HashSet<string> contents = new(StringComparer.Ordinal);
        foreach (JsonPlace place in list.Items())
        {
            AddedToken token = ReadAddedToken(place, place.Required("id").AsInteger(0, Vocabulary.MaximumId));
            if (!ids.Add(token.Id) || !contents.Add(token.Content))
            {
                throw place.Corrupt($"id {token.Id} or content \"{token.Content}\" is used by an earlier added token", "Remove one of them");
            }

            CheckAgainst(vocabulary, token, place);
            tokens.Add(token);
        }

        return tokens;
    }

    /// <summary>Reads one added token; its id stands elsewhere in some files.</summary>
    public static AddedToken ReadAddedToken(JsonPlace place, int id)
    {
        string content = place.Required("content").AsString();
        if (content.Length is 0 or > AddedToken.LongestContent)
        {
            throw place.Corrupt($"content has {content.Length} characters, expected 1 to {AddedToken.LongestContent}", "Remove the token");
        }

        bool special = place.Flag("special", false);
        return new AddedToken
        {
            Id = id,
            Content = content,
            IsSpecial = special,
            SingleWord = place.Flag("single_word", false),
            StripLeft = place.Flag("lstrip", false),
            StripRight = place.Flag("rstrip", false),
            Normalized = place.Flag("normalized", !special),
        };
    }

    /// <summary>Fails when the model's vocabulary says otherwise.</summary>
    public static void CheckAgainst(Vocabulary vocabulary, AddedToken token, JsonPlace place)
    {
        int known = vocabulary.IdOf(token.Content);
        if (known >= 0 && known != token.Id)
        {
            throw place.Corrupt($"\"{token.Content}\" has id {token.Id} here and {known} in the vocabulary", "Use one id");
        }

        if (vocabulary.TokenOf(token.Id) is { } other && other != token.Content)
        {
            throw place.Corrupt($"id {token.Id} is \"{token.Content}\" here and \"{other}\" in the vocabulary", "Use another id");
        }
    }
}
