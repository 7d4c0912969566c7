using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.WarmStories;

/// <summary>The model that the library carries: it is whole, small, and as good as its card says.</summary>
public sealed partial class BaseModelTests
{
    private const long MostBytes = 4_000_000;

    private static readonly string Folder = Interop.Tool.InRepository("managed", "Proximal", "WarmStories", "model");

    [Test]
    public void The_library_carries_its_files([Values("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")] string name)
    {
        using Stream carried = typeof(LanguageModel).Assembly.GetManifestResourceStream($"Proximal.WarmStories.model.{name}")!;
        Assert.That(carried, Is.Not.Null);
        using var bytes = new MemoryStream();
        carried.CopyTo(bytes);
        Assert.That(bytes.ToArray(), Is.EqualTo(File.ReadAllBytes(Path.Combine(Folder, name))));
    }

    [Test]
    public void It_is_small_and_fits_its_tokenizer()
    {
        var tokenizer = Tokenizer.Load(Folder);
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel model = LanguageModel.Load(engine, Folder);
        const string Text = "Once upon a time, there was a warm caf\u00e9.\n\"Hello!\" said the \U0001F98A.";
        Assert.Multiple(() =>
        {
            Assert.That(new FileInfo(Path.Combine(Folder, "model.safetensors")).Length, Is.LessThanOrEqualTo(MostBytes));
            Assert.That(model.Info.StorageType, Is.EqualTo(TensorType.BFloat16));
            Assert.That(model.Info.VocabularySize, Is.EqualTo(tokenizer.VocabularySize));
            Assert.That((tokenizer.BosTokenId, tokenizer.EosTokenId), Is.EqualTo(((int?)0, (int?)1)));
            Assert.That(tokenizer.Encode(Text)[0], Is.Zero, "every text begins with the begin token");
            Assert.That(tokenizer.Decode(tokenizer.Encode(Text)), Is.EqualTo(Text));
        });
    }

    [Test]
    public void It_predicts_unseen_stories_as_its_card_says()
    {
        using JsonDocument stories = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("tinystories", "tinystories_1000.json")));
        var tokenizer = Tokenizer.Load(Folder);
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel model = LanguageModel.Load(engine, Folder);
        double logProb = 0;
        long characters = 0;
        foreach (string[] part in stories.RootElement.EnumerateArray().Skip(900).Select(story => Beginning(story.GetString()!)).Chunk(10))
        {
            PackedBatch batch = PackedBatch.Pack([.. part.Select(text => tokenizer.Encode(text))]);
            logProb += model.Score(batch, ScoreOutputs.LogProbs).LogProbs.Where((_, i) => !batch.Offsets.Contains(i)).Sum(value => (double)value);
            characters += part.Sum(text => text.EnumerateRunes().Count());
        }

        string card = File.ReadAllText(Path.Combine(Folder, "README.md"));
        double said = double.Parse(Figure().Match(card).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.That(-logProb / characters, Is.EqualTo(said).Within(0.0006), "nats per character, rounded to three digits on the card");
    }

    /// <summary>The first 800 characters.</summary>
    private static string Beginning(string story) => string.Concat(story.EnumerateRunes().Take(800));

    [GeneratedRegex(@"\*\*(0\.\d{3}) nats per character\*\*")]
    private static partial Regex Figure();
}
