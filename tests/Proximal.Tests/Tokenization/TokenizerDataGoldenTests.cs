using NUnit.Framework;
using Proximal.Tests.Golden;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>llama.cpp's own test strings for vocabularies: the texts of an .inp file, their ids in the .out file beside it.</summary>
public sealed class TokenizerDataGoldenTests
{
    private const string Separator = "\n__ggml_vocab_test__\n";

    [Test]
    public void Golden_gpt2_strings_encode_as_in_llama_cpp() =>
        Compare(Tokenizer.Load(Demand(Path.Combine("gpt2-tokenizer", "vocab.json"))), "ggml-vocab-gpt-2.gguf");

    [Test]
    public void Golden_llama_sentencepiece_strings_encode_as_in_llama_cpp()
    {
        using TokenizerFolder folder = new();
        byte[] model = SentencePieceModels.Write(
            GgufVocabulary.Read(Demand(Path.Combine("tokenizer-goldens", "ggml-vocab-llama-spm.gguf"))), type: 2, byteFallback: true);
        Compare(folder.With("tokenizer.model", model).Load(), "ggml-vocab-llama-spm.gguf");
    }

    private static void Compare(Tokenizer tokenizer, string name)
    {
        string[] texts = File.ReadAllText(Demand(Path.Combine("tokenizer-goldens", name + ".inp"))).Split(Separator);
        string[] rows = File.ReadAllText(Demand(Path.Combine("tokenizer-goldens", name + ".out"))).Split('\n');
        List<string> different = [];
        for (int i = 0; i < texts.Length; i++)
        {
            string ids = string.Join(' ', tokenizer.Encode(texts[i], addSpecialTokens: false));
            if (ids != rows[i].Trim())
            {
                different.Add($"\"{texts[i]}\": expected {rows[i].Trim()}, got {ids}");
            }
        }

        TestContext.Progress.WriteLine($"golden {name}: {texts.Length} texts, {different.Count} differ");
        Assert.That(different, Is.Empty);
        Assert.That(texts, Has.Length.EqualTo(47));
    }

    private static string Demand(string relative)
    {
        string path = Path.Combine(GoldenRoots.Data, relative);
        if (!File.Exists(path))
        {
            Assert.Ignore($"missing: {path}");
        }

        return path;
    }
}
