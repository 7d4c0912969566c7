using System.Text.Json.Nodes;
using Proximal.Internal;
using Proximal.Tokenization.Loading;

namespace Proximal.Tokenization.Writing;

/// <summary>Writes a tokenizer as tokenizer.json and tokenizer_config.json, which say the same as the file it came from.</summary>
internal static class TokenizerWriter
{
    private const string DefaultTemplate = ChatTemplates.ModelChatTemplate.DefaultName;

    /// <summary>Writes both files.</summary>
    /// <param name="outline">The tokenizer.</param>
    /// <param name="chatTemplates">The model's chat templates by name; may be empty.</param>
    /// <param name="folder">The folder; it exists.</param>
    /// <exception cref="TokenizerException">The files could not say all of it.</exception>
    /// <exception cref="IOException">They cannot be written.</exception>
    public static void Write(TokenizerOutline outline, IReadOnlyDictionary<string, string> chatTemplates, string folder)
    {
        if (outline.FindObstacle() is { } obstacle)
        {
            throw obstacle;
        }

        AtomicFile.WriteText(Path.Combine(folder, TokenizerLoader.JsonName), TokenizerNodes.Text(Tokenizer(outline)));
        AtomicFile.WriteText(Path.Combine(folder, SpecialTokens.ConfigFile), TokenizerNodes.Text(Configuration(outline, chatTemplates)));
    }

    private static JsonObject Tokenizer(TokenizerOutline outline)
    {
        (string, int)? before = Named(outline, outline.Before);
        (string, int)? after = Named(outline, outline.After);
        return TokenizerNodes.Tokenizer(
            outline.AddedTokens,
            Copy(outline.Normalizer),
            Copy(outline.PreTokenizer),
            before is null && after is null ? null : TokenizerNodes.Template(before, after),
            Copy(outline.Decoder)!,
            TokenizerNodes.BytePair(
                outline.Vocabulary.Tokens.OrderBy(token => token.Value).Select(token => (token.Key, token.Value)),
                outline.MergeList,
                outline.Options,
                outline.Options.UnknownId < 0 ? null : outline.Vocabulary.TokenOf(outline.Options.UnknownId)));
    }

    private static JsonObject Configuration(TokenizerOutline outline, IReadOnlyDictionary<string, string> chatTemplates) => TokenizerNodes.Configuration(
        outline.AddedTokens, outline.Roles.Select(role => (role.Key, outline.Vocabulary.TokenOf(role.Value)!)), Templates(chatTemplates));

    /// <summary>A text where there is no other than the default one, else a list of {"name", "template"}.</summary>
    private static JsonNode? Templates(IReadOnlyDictionary<string, string> templates) => templates.Count switch
    {
        0 => null,
        1 when templates.TryGetValue(DefaultTemplate, out string? only) => JsonValue.Create(only),
        _ => new JsonArray([.. templates.Select(item => new JsonObject { ["name"] = item.Key, ["template"] = item.Value })]),
    };

    private static (string Token, int Id)? Named(TokenizerOutline outline, int? id) =>
        id is { } known ? (outline.Vocabulary.TokenOf(known)!, known) : null;

    // A node belongs to one tree only.
    private static JsonObject? Copy(JsonObject? node) => node?.DeepClone().AsObject();
}
