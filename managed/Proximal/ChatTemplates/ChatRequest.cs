using System.Text.Json;

namespace Proximal.ChatTemplates;

/// <summary>What a chat template is given.</summary>
public sealed record ChatRequest
{
    /// <summary>The messages: a JSON array of objects with role and content.</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>Tools the model may call: a JSON array, or undefined for none.</summary>
    public JsonElement Tools { get; init; }

    /// <summary>Documents to answer from: a JSON array, or undefined for none.</summary>
    public JsonElement Documents { get; init; }

    /// <summary>Further variables that the template may look at, such as bos_token, eos_token and enable_thinking.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Ends the text with what opens the assistant's answer.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Ends the text inside the last message, for the model to go on with it.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Leaves fields of messages that are null in place; transformers drops them before it renders.</summary>
    public bool KeepNullFields { get; init; }

    /// <summary>What strftime_now sees.</summary>
    public DateTimeOffset Now { get; init; } = TimeProvider.System.GetLocalNow();
}
