using System.Text.Json;
using Proximal.Models.Formats;
using Proximal.Tokenization;
using Proximal.Tokenization.Loading;

namespace Proximal.ChatTemplates;

/// <summary>The chat template that comes with a model, and the special tokens that it sees as variables.</summary>
/// <remarks>Immutable; any thread may render.</remarks>
public sealed class ModelChatTemplate
{
    /// <summary>The name of the template that is taken when none is named.</summary>
    public const string DefaultName = "default";

    private const string JinjaFile = "chat_template.jinja";
    private const string OtherTemplates = "additional_chat_templates";
    private const string TokensMapFile = "special_tokens_map.json";
    private const string ConfigKey = "chat_template";
    private const string GgufKey = "tokenizer.chat_template";

    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    private static readonly (string Role, string Key)[] GgufRoles =
        [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("sep_token", "seperator"), ("pad_token", "padding")];

    private ModelChatTemplate(ChatTemplate template, string file, IReadOnlyDictionary<string, JsonElement> specialTokens)
    {
        Template = template;
        File = file;
        SpecialTokens = specialTokens;
    }

    /// <summary>The template.</summary>
    public ChatTemplate Template { get; }

    /// <summary>The file that it is from.</summary>
    public string File { get; }

    /// <summary>What the template sees besides the conversation: bos_token, eos_token and the like, where the model has them.</summary>
    public IReadOnlyDictionary<string, JsonElement> SpecialTokens { get; }

    /// <summary>Finds a model's template.</summary>
    /// <param name="path">
    /// A folder with chat_template.jinja or a tokenizer_config.json that holds a template (taken in this order), or with one
    /// .gguf file and none of them; or a .gguf file.
    /// </param>
    /// <param name="name">Which one, of a model with several: those that tokenizer_config.json lists, and additional_chat_templates/NAME.jinja.</param>
    /// <returns>The template, or <see langword="null"/> when the model has none.</returns>
    /// <exception cref="ChatTemplateException">The template is not valid, or the model has templates but none of this name.</exception>
    /// <exception cref="TokenizerException">A file is damaged.</exception>
    public static ModelChatTemplate? Find(string path, string name = DefaultName)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ModelChatTemplate? found = Directory.Exists(path) ? OfFolder(path, name) : null;
        return found ?? (GgufPath.Of(path) is { } gguf ? OfGguf(gguf, name) : null);
    }

    /// <summary>A template of its own file, with the special tokens of a model.</summary>
    /// <param name="file">A .jinja file.</param>
    /// <param name="tokens">The folder or file of the model's tokenizer.</param>
    /// <exception cref="ChatTemplateException">The template is not valid.</exception>
    /// <exception cref="TokenizerException">A file is missing or damaged.</exception>
    internal static ModelChatTemplate OfFile(string file, string tokens)
    {
        string folder = Directory.Exists(tokens) ? tokens : Path.GetDirectoryName(Path.GetFullPath(tokens))!;
        using JsonFile? config = OpenConfig(folder);
        config?.Root.ExpectKind(JsonValueKind.Object, "an object");
        bool named = config is not null || System.IO.File.Exists(Path.Combine(folder, TokensMapFile));
        return Choose(
            new SortedDictionary<string, (string File, string Text)>(StringComparer.Ordinal) { [DefaultName] = (file, ReadText(file)) },
            DefaultName,
            file,
            !named && GgufPath.Of(tokens) is { } gguf ? GgufTokens(GgufTokenizer.ReadHeader(gguf)) : NamedTokens(config?.Root, folder));
    }

    /// <summary>Renders a conversation; the special tokens are put under the request's own variables.</summary>
    /// <param name="request">The conversation and what goes with it.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or cannot be run on it.</exception>
    public RenderedChat Render(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Dictionary<string, JsonElement> variables = new(SpecialTokens);
        foreach ((string key, JsonElement value) in request.Variables)
        {
            variables[key] = value;
        }

        return Template.Render(request with { Variables = variables });
    }

    /// <summary>The texts of all templates of a model whose tokenizer is in a GGUF file, by name.</summary>
    /// <param name="path">The folder, whose own files go first, or the file.</param>
    /// <param name="header">The file's header.</param>
    /// <exception cref="TokenizerException">A file is damaged.</exception>
    internal static SortedDictionary<string, string> TextsOf(string path, GgufHeader header)
    {
        SortedDictionary<string, string>? found = Directory.Exists(path) ? TextsOf(path) : null;
        return found is { Count: > 0 } ? found : Texts(InGguf(header));
    }

    /// <summary>The texts of all templates in the files of a folder, by name.</summary>
    /// <param name="path">The folder, or a file in it.</param>
    /// <exception cref="TokenizerException">A file is damaged.</exception>
    internal static SortedDictionary<string, string> TextsOf(string path)
    {
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        using JsonFile? config = OpenConfig(folder);
        return Texts(InFolder(folder, config));
    }

    private static SortedDictionary<string, string> Texts(SortedDictionary<string, (string File, string Text)> found)
    {
        SortedDictionary<string, string> texts = new(StringComparer.Ordinal);
        foreach ((string name, (_, string text)) in found)
        {
            texts[name] = text;
        }

        return texts;
    }

    private static ModelChatTemplate? OfFolder(string folder, string name)
    {
        using JsonFile? config = OpenConfig(folder);
        SortedDictionary<string, (string File, string Text)> found = InFolder(folder, config);
        return found.Count == 0 ? null : Choose(found, name, folder, NamedTokens(config?.Root, folder));
    }

    private static JsonFile? OpenConfig(string folder)
    {
        string configFile = Path.Combine(folder, Tokenization.Loading.SpecialTokens.ConfigFile);
        return System.IO.File.Exists(configFile) ? JsonFile.Open(configFile) : null;
    }

    private static SortedDictionary<string, (string File, string Text)> InFolder(string folder, JsonFile? config)
    {
        config?.Root.ExpectKind(JsonValueKind.Object, "an object");
        SortedDictionary<string, (string File, string Text)> found = new(StringComparer.Ordinal);
        if (config?.Root.Optional(ConfigKey) is { } place)
        {
            ReadConfigured(place, found);
        }

        ReadFiles(folder, found);
        return found;
    }

    /// <summary>A text, or a list of {"name", "template"}.</summary>
    private static void ReadConfigured(JsonPlace place, SortedDictionary<string, (string File, string Text)> found)
    {
        if (place.Element.ValueKind == JsonValueKind.String)
        {
            found[DefaultName] = (place.File, place.AsString());
            return;
        }

        foreach (JsonPlace item in place.Items())
        {
            found[item.Required("name").AsString()] = (place.File, item.Required("template").AsString());
        }
    }

    private static void ReadFiles(string folder, SortedDictionary<string, (string File, string Text)> found)
    {
        string single = Path.Combine(folder, JinjaFile);
        if (System.IO.File.Exists(single))
        {
            found[DefaultName] = (single, ReadText(single));
        }

        string others = Path.Combine(folder, OtherTemplates);
        foreach (string file in Directory.Exists(others) ? Directory.GetFiles(others, "*.jinja") : [])
        {
            found[Path.GetFileNameWithoutExtension(file)] = (file, ReadText(file));
        }
    }

    private static ModelChatTemplate? OfGguf(string path, string name)
    {
        GgufHeader header = GgufTokenizer.ReadHeader(path);
        SortedDictionary<string, (string File, string Text)> found = InGguf(header);
        return found.Count == 0 ? null : Choose(found, name, path, GgufTokens(header));
    }

    private static SortedDictionary<string, (string File, string Text)> InGguf(GgufHeader header)
    {
        SortedDictionary<string, (string File, string Text)> found = new(StringComparer.Ordinal);
        foreach ((string key, object value) in header.Metadata)
        {
            if (value is string text && (key == GgufKey || key.StartsWith(GgufKey + ".", StringComparison.Ordinal)))
            {
                found[key == GgufKey ? DefaultName : key[(GgufKey.Length + 1)..]] = (header.File, text);
            }
        }

        return found;
    }

    private static ModelChatTemplate Choose(
        SortedDictionary<string, (string File, string Text)> found, string name, string path, Dictionary<string, JsonElement> tokens)
    {
        if (!found.TryGetValue(name, out (string File, string Text) chosen))
        {
            throw new ChatTemplateException(
                ChatTemplateErrorKind.Conversation, $"{path} has no chat template \"{name}\"; name one of {string.Join(", ", found.Keys)}", line: 0);
        }

        try
        {
            return new ModelChatTemplate(ChatTemplate.Parse(chosen.Text), chosen.File, tokens);
        }
        catch (ChatTemplateException failure)
        {
            throw new ChatTemplateException(failure.Kind, $"{chosen.File}: chat template: {failure.Text}", failure.Line, failure);
        }
    }

    private static Dictionary<string, JsonElement> NamedTokens(JsonPlace? config, string folder)
    {
        string mapFile = Path.Combine(folder, TokensMapFile);
        using JsonFile? map = System.IO.File.Exists(mapFile) ? JsonFile.Open(mapFile) : null;
        map?.Root.ExpectKind(JsonValueKind.Object, "an object");
        Dictionary<string, JsonElement> tokens = [];
        foreach (string role in Roles)
        {
            if ((config?.Optional(role) ?? map?.Root.Optional(role)) is { } place)
            {
                JsonPlace content = place.Element.ValueKind == JsonValueKind.Object ? place.Required("content") : place;
                tokens[role] = JsonSerializer.SerializeToElement(content.AsString());
            }
        }

        return tokens;
    }

    private static Dictionary<string, JsonElement> GgufTokens(GgufHeader header)
    {
        string[] vocabulary = header.List<string>("tokenizer.ggml.tokens") ?? [];
        Dictionary<string, JsonElement> tokens = [];
        foreach ((string role, string key) in GgufRoles)
        {
            if (header.Integer($"tokenizer.ggml.{key}_token_id") is >= 0 and var id && id < vocabulary.Length)
            {
                tokens[role] = JsonSerializer.SerializeToElement(vocabulary[id]);
            }
        }

        return tokens;
    }

    private static string ReadText(string path) => System.Text.Encoding.UTF8.GetString(FileBytes.Read(path));
}
