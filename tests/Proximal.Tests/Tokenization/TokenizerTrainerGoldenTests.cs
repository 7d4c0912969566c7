using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>The text that the golden byte-level tokenizers were trained on by the reference library gives their merges again.</summary>
public sealed class TokenizerTrainerGoldenTests
{
    private const int Stories = 400;

    private static readonly object[] Cases =
    [
        new object[] { "bytelevel-gpt2", TokenizerSplit.Gpt2, 900, new[] { "<|endoftext|>" } },
        new object[] { "bytelevel-qwen2", TokenizerSplit.Qwen2, 1000, Array.Empty<string>() },
        // Its digits are divided from one another only after training: the golden file has merges of digits.
        new object[] { "bytelevel-smollm", TokenizerSplit.Gpt2, 700, new[] { "<|endoftext|>", "<|im_start|>", "<|im_end|>" } },
    ];

    [TestCaseSource(nameof(Cases))]
    public void Golden_tokenizers_are_found_again_merge_by_merge(string name, TokenizerSplit split, int size, string[] special)
    {
        var trainer = new TokenizerTrainer(new TokenizerTrainerOptions
        {
            VocabularySize = size,
            MinFrequency = 1,
            Split = split,
            SpecialTokens = special,
            EosToken = null,
        });
        foreach (string text in Texts())
        {
            trainer.Add(text);
        }

        TrainedTokenizer trained = trainer.Train();
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Tool.InRepository("tests", "golden", "tokenizers", name, "tokenizer.json")));
        JsonElement model = golden.RootElement.GetProperty("model");
        string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => $"{merge[0].GetString()} {merge[1].GetString()}")];
        Assert.That(trained.Merges.Select(merge => $"{merge.Left} {merge.Right}"), Is.EqualTo(merges));
        Assert.That(
            model.GetProperty("vocab").EnumerateObject().Select(token => trained.Tokenizer.TokenToId(token.Name)),
            Is.EqualTo(model.GetProperty("vocab").EnumerateObject().Select(token => token.Value.GetInt32())));
        TestContext.Progress.WriteLine($"golden training {name}: {merges.Length} merges equal");
    }

    private static IEnumerable<string> Texts()
    {
        string stories = SharedData.Path("tinystories", "tinystories_1000.json");
        string lines = Tool.InRepository("tests", "Proximal.Tests", "Tokenization", "training-lines.json");
        return JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(stories))!.Take(Stories)
            .Concat(JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(lines))!);
    }
}
