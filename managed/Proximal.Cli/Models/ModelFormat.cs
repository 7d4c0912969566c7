namespace Proximal.Cli.Models;

/// <summary>What a model is written as.</summary>
internal enum ModelFormat
{
    /// <summary>A Hugging Face folder.</summary>
    HuggingFace,

    /// <summary>One GGUF file.</summary>
    Gguf,

    /// <summary>A PEFT adapter's folder.</summary>
    Peft,
}
