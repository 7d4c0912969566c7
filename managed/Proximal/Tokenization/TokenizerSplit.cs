namespace Proximal.Tokenization;

/// <summary>How a byte-level tokenizer divides text into the words inside which it merges.</summary>
public enum TokenizerSplit
{
    /// <summary>GPT-2's pattern.</summary>
    Gpt2,

    /// <summary>Llama 3's: numbers by threes, contractions in any case.</summary>
    Llama3,

    /// <summary>Qwen 2's: the text in Unicode's form NFC, single digits, contractions in any case.</summary>
    Qwen2,

    /// <summary>SmolLM's: single digits, then GPT-2's pattern.</summary>
    SmolLm,
}
