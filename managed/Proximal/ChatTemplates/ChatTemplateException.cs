namespace Proximal.ChatTemplates;

/// <summary>A chat template could not be compiled or rendered.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="kind">What went wrong.</param>
    /// <param name="text">What went wrong in words, without the place.</param>
    /// <param name="line">The template's line, from 1; 0: not known.</param>
    /// <param name="innerException">The cause, if any.</param>
    public ChatTemplateException(ChatTemplateErrorKind kind, string text, int line, Exception? innerException = null)
        : base(line > 0 ? $"line {line}: {text}" : text, innerException)
    {
        Kind = kind;
        Text = text;
        Line = line;
    }

    /// <summary>What went wrong.</summary>
    public ChatTemplateErrorKind Kind { get; }

    /// <summary>What went wrong in words, without the place.</summary>
    public string Text { get; }

    /// <summary>The template's line, from 1; 0: not known.</summary>
    public int Line { get; }
}
