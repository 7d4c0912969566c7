namespace Proximal.Data.Formats;

/// <summary>The names in a message: of who speaks, of what is said, and of those who speak.</summary>
internal sealed record MessageTags
{
    public string Role { get; init; } = "from";

    public string Content { get; init; } = "value";

    public string User { get; init; } = "human";

    public string Assistant { get; init; } = "gpt";

    public string Observation { get; init; } = "observation";

    public string Function { get; init; } = "function_call";

    public string System { get; init; } = "system";

    /// <summary>The names for messages, in its words.</summary>
    public override string ToString() => $"{User}, {Assistant}, {Observation}, {Function} or {System}";

    /// <summary>What a speaker is to a chat template; <see langword="null"/>: nobody known.</summary>
    public string? RoleOf(string speaker) =>
        speaker == User ? "user"
        : speaker == Assistant || speaker == Function ? "assistant"
        : speaker == Observation ? "tool"
        : speaker == System ? "system"
        : speaker is "user" or "assistant" or "system" or "tool" ? speaker
        : null;
}
