namespace Proximal.Tokenization.Writing;

/// <summary>What a GGUF file cannot say of a tokenizer.</summary>
internal static class GgufObstacle
{
    private const string Fix = "Write a Hugging Face folder instead";

    /// <summary>A refusal that names file, place and reason.</summary>
    public static TokenizerException At(string file, string place, string problem, string fix = Fix) =>
        new(ProximalStatus.Unsupported, file, place, $"a GGUF file for llama.cpp cannot be made of this tokenizer: {problem}", fix);
}
