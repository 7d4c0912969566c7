namespace Proximal.Runs;

/// <summary>Files beside a model's weights that belong to its tokenizer.</summary>
internal static class TokenizerFiles
{
    private const string TemplateFile = "chat_template.jinja";

    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json",
        TemplateFile, "vocab.json", "merges.txt",
    ];

    /// <summary>Copies those that are there.</summary>
    /// <param name="from">The tokenizer's folder; <see langword="null"/>: there is none.</param>
    /// <param name="to">The model's folder.</param>
    /// <param name="chatTemplate">A .jinja file that is written in place of the chat template there; <see langword="null"/>: none.</param>
    public static void Copy(string? from, string to, string? chatTemplate = null)
    {
        foreach (string name in from is null ? [] : Names)
        {
            string source = Path.Combine(from!, name);
            if (File.Exists(source))
            {
                // A copy of the bytes alone: the source may be read-only, the run folder is the user's.
                File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(source));
            }
        }

        if (chatTemplate is not null)
        {
            File.WriteAllBytes(Path.Combine(to, TemplateFile), File.ReadAllBytes(chatTemplate));
        }
    }
}
