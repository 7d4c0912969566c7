namespace Proximal.ChatTemplates.Jinja;

/// <summary>An error inside a template; the statement that was running adds its line on the way out.</summary>
internal sealed class TemplateError(ChatTemplateErrorKind kind, string text, int line = 0) : Exception(text)
{
    public ChatTemplateErrorKind Kind { get; } = kind;

    public int Line { get; set; } = line;

    public static TemplateError Runtime(string text) => new(ChatTemplateErrorKind.Runtime, text);

    public static TemplateError Limit(string text) => new(ChatTemplateErrorKind.Limit, text);
}
