using Proximal.ChatTemplates;
using Proximal.Models.Formats;
using Proximal.Tokenization;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Writing;

namespace Proximal.Runs;

/// <summary>Files beside a model's weights that belong to its tokenizer.</summary>
internal static class TokenizerFiles
{
    private const string TemplateFile = "chat_template.jinja";
    private const string GenerationFile = "generation_config.json";

    private static readonly string[] Names =
    [
        TokenizerLoader.JsonName, "tokenizer.model", SpecialTokens.ConfigFile, "special_tokens_map.json", GenerationFile,
        TemplateFile, "vocab.json", "merges.txt",
    ];

    /// <summary>Copies those that are there; of a tokenizer inside a GGUF file they are written.</summary>
    /// <param name="from">The tokenizer's folder or one of its files; <see langword="null"/>: there is none.</param>
    /// <param name="to">The model's folder.</param>
    /// <param name="chatTemplate">A .jinja file that is written in place of the chat template there; <see langword="null"/>: none.</param>
    /// <exception cref="TokenizerException">The GGUF file cannot be read, or <see cref="Check"/> refuses it.</exception>
    public static void Copy(string? from, string to, string? chatTemplate = null)
    {
        if (from is not null && TokenizerLoader.GgufAt(from) is { } gguf)
        {
            Copy(RunModels.FolderOf(gguf), [GenerationFile], to);
            Write(from, gguf, to);
        }
        else if (from is not null)
        {
            Copy(RunModels.FolderOf(from), Names, to);
        }

        if (chatTemplate is not null)
        {
            File.WriteAllBytes(Path.Combine(to, TemplateFile), File.ReadAllBytes(chatTemplate));
        }
    }

    /// <summary>Fails where <see cref="Copy(string?, string, string?)"/> would: before a run, not after it.</summary>
    /// <param name="from">The tokenizer's folder or one of its files.</param>
    /// <exception cref="TokenizerException">tokenizer.json cannot say all that the GGUF file says.</exception>
    public static void Check(string from)
    {
        if (TokenizerLoader.GgufAt(from) is { } gguf && GgufTokenizer.Read(GgufTokenizer.ReadHeader(gguf)).FindObstacle() is { } obstacle)
        {
            throw obstacle;
        }
    }

    private static void Write(string from, string gguf, string to)
    {
        GgufHeader header = GgufTokenizer.ReadHeader(gguf);
        TokenizerWriter.Write(GgufTokenizer.Read(header), ModelChatTemplate.TextsOf(from, header), to);
    }

    private static void Copy(string folder, IEnumerable<string> names, string to)
    {
        foreach (string name in names)
        {
            string source = Path.Combine(folder, name);
            if (File.Exists(source))
            {
                // A copy of the bytes alone: the source may be read-only, the run folder is the user's.
                File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(source));
            }
        }
    }
}
