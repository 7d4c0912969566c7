namespace Proximal.ChatTemplates;

/// <summary>A conversation as the model reads it.</summary>
/// <param name="Text">The text.</param>
/// <param name="GenerationSpans">
/// Where the assistant speaks: [start, end) in UTF-16 units of the text, one pair a {% generation %} block, in order.
/// </param>
public sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int End)> GenerationSpans);
