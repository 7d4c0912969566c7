using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Golden;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>The tokenizer of stories260K, the first real model.</summary>
public sealed class StoriesTokenizerTests
{
    private static readonly string Folder = Path.Combine(GoldenRoots.Data, "stories260K", "hf");

    [Test]
    public void Golden_stories260k_prompts_encode_to_the_reference_ids()
    {
        Tokenizer tokenizer = Load();
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden.json")));
        int cases = 0;
        foreach (JsonElement item in golden.RootElement.EnumerateArray())
        {
            string prompt = item.GetProperty("prompt").GetString()!;
            int[] ids = [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.That(tokenizer.Encode(prompt), Is.EqualTo(ids), prompt);
            Assert.That(tokenizer.Decode(ids), Is.EqualTo(prompt));
            cases++;
        }

        Assert.That(cases, Is.Positive);
    }

    [Test]
    public void Special_tokens_come_from_the_files_beside_it()
    {
        Tokenizer tokenizer = Load();
        Assert.Multiple(() =>
        {
            Assert.That(tokenizer.BosTokenId, Is.EqualTo(1));
            Assert.That(tokenizer.EosTokenId, Is.EqualTo(1));
            Assert.That(tokenizer.PadTokenId, Is.Zero);
            Assert.That(tokenizer.VocabularySize, Is.EqualTo(512));
            Assert.That(tokenizer.IsSpecial(1));
            Assert.That(tokenizer.IsSpecial(300), Is.False);
        });
    }

    private static Tokenizer Load()
    {
        if (!Directory.Exists(Folder))
        {
            Assert.Ignore($"missing: {Folder}");
        }

        return Tokenizer.Load(Folder);
    }
}
