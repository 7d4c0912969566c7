using Proximal.ChatTemplates;
using Proximal.Models.Formats;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>How a run writes conversations: by the template that its options name, else by the model's own.</summary>
internal static class RunChat
{
    /// <summary>The encoder for rows, of which some may hold conversations.</summary>
    /// <param name="needed">A row holds one; else a template is not even looked for, so that a broken one stops no run that has no use for it.</param>
    /// <param name="template">The .jinja file that the options name, resolved; <see langword="null"/>: none.</param>
    /// <param name="tokenizerPath">The folder or file of the tokenizer, beside which the model's own template lies.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="now">What the template takes for the time.</param>
    /// <returns>The encoder; <see langword="null"/>: no row needs one, or there is no template.</returns>
    /// <exception cref="ChatTemplateException">The template is not valid.</exception>
    public static ChatEncoder? Find(bool needed, string? template, string tokenizerPath, Tokenizer tokenizer, DateTimeOffset now)
    {
        ModelChatTemplate? found = template is not null ? ModelChatTemplate.OfFile(template, tokenizerPath)
            : needed ? OfModel(tokenizerPath)
            : null;
        return found is null ? null : new ChatEncoder(found, tokenizer) { Now = now };
    }

    private static ModelChatTemplate? OfModel(string tokenizerPath) =>
        ModelChatTemplate.Find(GgufPath.Of(tokenizerPath) is { } gguf && File.Exists(tokenizerPath) ? gguf : RunModels.FolderOf(tokenizerPath));
}
