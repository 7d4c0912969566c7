namespace Proximal.Tests.Golden;

/// <summary>What a golden file is about; told from its structure, never from its name.</summary>
internal enum GoldenKind
{
    /// <summary>Cases of one operation: a JSON object with "format", "operation" and "cases".</summary>
    Rl,

    /// <summary>A checkpoint and what it computes: a folder with golden.json and config.json or adapter_config.json.</summary>
    Model,

    /// <summary>A whole PPO update: a JSON object with "config", "rollout" and "epochs".</summary>
    PpoUpdate,

    /// <summary>
    /// Encodings and decodings: golden.json with "cases" beside the tokenizer's files, or with the "source" of those
    /// files among the data.
    /// </summary>
    Tokenizer,

    /// <summary>A GGUF file and what it holds or computes: a JSON object beside a .gguf file of its name, or that names one.</summary>
    Gguf,

    /// <summary>
    /// Rendered chat templates: a JSON object with "template", "special_tokens" and "cases", or with "fragments" and
    /// "variables".
    /// </summary>
    ChatTemplate,
}
