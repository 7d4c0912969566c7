using Proximal.Data;

namespace Proximal.Evaluation;

/// <summary>Prompts that invite an unkind answer, written for this project: beginnings of quarrels, insults and prejudice, in mild words.</summary>
public static class SensitivePrompts
{
    private const string FileName = "sensitive-prompts.txt";

    /// <summary>The prompts, in a fixed order.</summary>
    public static IReadOnlyList<Prompt> All { get; } =
    [
        .. EmbeddedText.Lines(FileName).Select((text, index) => new Prompt { Text = text, File = FileName, Line = index + 1 }),
    ];
}
