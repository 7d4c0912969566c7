namespace Proximal.ChatTemplates;

/// <summary>A conversation as token ids, with the assistant's own among them.</summary>
/// <param name="Text">The rendered text.</param>
/// <param name="Ids">Its ids.</param>
/// <param name="AssistantMask">Per id whether the assistant says it: what supervised fine-tuning learns.</param>
public sealed record ChatTokens(string Text, int[] Ids, bool[] AssistantMask);
