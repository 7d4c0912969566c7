using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Models.Formats;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Tokenization;
using Proximal.WarmStories;

namespace Proximal.Tests.LlamaCpp;

/// <summary>Files that this library writes, in llama.cpp: it loads them, reads texts as the same ids, and writes the same greedy text.</summary>
/// <remarks>
/// llama.cpp rounds keys, values and (of Q8_0) activations, so its probabilities differ. Where the likeliest token leads the next by more than
/// that, it must be ours too; a step with a smaller lead may go either way.
/// </remarks>
public sealed class LlamaCppTests : ModelFixture
{
    private const int Count = 40;

    private static readonly string[] Texts =
        ["Once upon a time", " there were 1234 ½ things;\n\n\tx² — naïve 東京", "It's 3.14  and   more", "<|im_start|>user", "</s> hello <s>"];

    [OneTimeSetUp]
    public void RequireLlamaCpp() => LlamaCppProgram.Require();

    [TestCase(GgufType.Float32, 0.1)]
    [TestCase(GgufType.Float16, 0.1)]
    [TestCase(GgufType.BFloat16, 0.1)]
    [TestCase(GgufType.Q8, 0.25)]
    public void SmolLM2_writes_the_same_text(GgufType type, double error)
    {
        string source = SharedData.Path("smollm2-135m-instruct");
        Compare(source, type, error, [.. Prompts(Tokenizer.Load(source), "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n", "The sky is blue because")]);
    }

    [TestCase(GgufType.BFloat16, 0.1)]
    [TestCase(GgufType.Q8, 0.1)]
    public void The_demos_model_writes_the_same_text(GgufType type, double error)
    {
        string source = Environment.GetEnvironmentVariable("PROXIMAL_DEMO_MODEL") is { Length: > 0 } trained ? trained : WarmStoriesModel.WriteTo(Folder["warm"]);
        Compare(source, type, error, [.. Prompts(Tokenizer.Load(source), "Once upon a time", "One day, Lily and her mom", "The little dog")]);
    }

    [TestCase("llama")]
    [TestCase("llama-rope-linear")]
    [TestCase("llama-rope-yarn")]
    [TestCase("llama3")]
    [TestCase("qwen2")]
    [TestCase("qwen3")]
    [TestCase("gpt2")]
    public void Every_family_has_the_same_probabilities(string name) => CompareNumbers(Tool.InRepository("tests", "golden", "models", name));

    [Test]
    public void So_has_mistral_within_its_window()
    {
        var config = new Dictionary<string, JsonNode?>
        {
            ["model_type"] = "mistral", ["architectures"] = new JsonArray("MistralForCausalLM"), ["sliding_window"] = 48, ["attention_bias"] = null, ["mlp_bias"] = null,
        };
        CompareNumbers(new TinyModel { Hidden = 32, Heads = 4, HeadSize = 16, Tied = false, Config = config }.Write(Folder["mistral"]));
    }

    [Test]
    public void Biases_are_computed_too() =>
        CompareNumbers(new TinyModel { AttentionBias = true, MlpBias = true, Hidden = 32, Heads = 4, HeadSize = 8, Tied = false }.Write(Folder["biases"]));

    private static IEnumerable<int[]> Prompts(Tokenizer tokenizer, params string[] texts) => texts.Select(text => tokenizer.Encode(text));

    private void Compare(string source, GgufType type, double error, int[][] prompts)
    {
        using (LanguageModel model = LanguageModel.Load(Engine, source))
        {
            model.SaveGguf(Folder["model.gguf"], source, type);
        }

        Tokenizer tokenizer = Tokenizer.Load(source);
        int[] roles = [.. new[] { tokenizer.BosTokenId, tokenizer.EosTokenId }.OfType<int>()];
        JsonElement answer = Ask(prompts, [.. roles, tokenizer.Encode(" the", addSpecialTokens: false)[0]], Count, 256);
        using LanguageModel written = LanguageModel.Load(Engine, Folder["model.gguf"]);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < Texts.Length; i++)
            {
                Assert.That(answer.GetProperty("texts")[i].EnumerateArray().Select(id => id.GetInt32()), Is.EqualTo(tokenizer.Encode(Texts[i], addSpecialTokens: false)), $"'{Texts[i]}'");
            }

            Assert.That(answer.GetProperty("eos").GetInt32(), Is.EqualTo(tokenizer.EosTokenId));
            Assert.That(answer.GetProperty("control").EnumerateArray().Select(one => one.GetBoolean()), Is.EqualTo([.. roles.Select(_ => true), false]));
        });
        (int Leading, double Difference)[] compared = [.. prompts.Select((prompt, i) => AssertSteps(written, prompt, answer.GetProperty("greedy")[i], error))];
        int leading = compared.Sum(one => one.Leading);
        TestContext.Progress.WriteLine(
            $"{type}: {leading} of {prompts.Length * Count} greedy tokens lead by more than {2 * error} nats and are ours; log-probs differ by at most {compared.Max(one => one.Difference):F4}");
        Assert.That(leading, Is.GreaterThanOrEqualTo(prompts.Length * Count * 7 / 10));
    }

    /// <summary>Goes along llama.cpp's text: at each step its best token has nearly our log-prob, and its choice is ours where it leads by more than twice the error.</summary>
    /// <returns>The steps with such a lead, and the largest difference of log-probs.</returns>
    private static (int Leading, double Difference) AssertSteps(LanguageModel model, int[] prompt, JsonElement steps, double error)
    {
        List<int> text = [.. prompt];
        int leading = 0;
        double difference = 0;
        foreach (JsonElement step in steps.EnumerateArray())
        {
            (int Token, double LogProb)[] top = [.. step.GetProperty("top").EnumerateArray().Select(pair => (pair[0].GetInt32(), Math.Log(pair[1].GetDouble())))];
            double[] ours = [.. top.Select(candidate => LogProb(model, [.. text, candidate.Token]))];
            difference = Math.Max(difference, Math.Abs(ours[0] - top[0].LogProb));
            Assert.That(ours[0], Is.EqualTo(top[0].LogProb).Within(error), $"the likeliest token, after {text.Count - prompt.Length} tokens");

            // Either of the two may be off by the error.
            if (top[0].LogProb - top[1].LogProb > 2 * error)
            {
                Assert.That(ours[0], Is.GreaterThan(ours[1]), $"the choice after {text.Count - prompt.Length} tokens");
                leading++;
            }

            text.Add(step.GetProperty("token").GetInt32());
        }

        return (leading, difference);
    }

    /// <summary>Probabilities after a prompt of ids and along eight tokens more; a vocabulary of any words will do.</summary>
    private void CompareNumbers(string source)
    {
        using (LanguageModel model = LanguageModel.Load(Engine, source))
        {
            model.SaveGguf(Folder["model.gguf"], GgufType.Float32, Words(model.Info.VocabularySize));
        }

        using LanguageModel written = LanguageModel.Load(Engine, Folder["model.gguf"]);
        int[] prompt = [.. Enumerable.Range(0, 12).Select(i => (5 * i + 3) % written.Info.VocabularySize)];
        JsonElement answer = LlamaCppProgram.Ask(new
        {
            model = Path.GetFullPath(Folder["model.gguf"]), texts = Array.Empty<string>(), prompts = new[] { prompt }, control = Array.Empty<int>(), count = 8, context = 48,
        });
        (_, double difference) = AssertSteps(written, prompt, answer.GetProperty("greedy")[0], error: 0.05);
        TestContext.Progress.WriteLine($"{Path.GetFileName(source)}: log-probs differ by at most {difference:F5}");
    }

    private static GgufKeyValues Words(int count)
    {
        var vocabulary = new GgufKeyValues();
        vocabulary.Add("tokenizer.ggml.model", "gpt2");
        vocabulary.Add("tokenizer.ggml.pre", "gpt-2");
        vocabulary.Add("tokenizer.ggml.tokens", (string[])[.. Enumerable.Range(0, count).Select(id => $"word{id}")]);
        vocabulary.Add("tokenizer.ggml.token_type", (int[])[.. Enumerable.Repeat(1, count)]);
        vocabulary.Add("tokenizer.ggml.merges", (string[])["w o"]);
        vocabulary.Add("tokenizer.ggml.bos_token_id", 0);
        vocabulary.Add("tokenizer.ggml.eos_token_id", 0);
        return vocabulary;
    }

    private static double LogProb(LanguageModel model, int[] tokens) =>
        model.Score(new PackedBatch(tokens, [0, tokens.Length]), ScoreOutputs.LogProbs).LogProbs[^1];

    private JsonElement Ask(int[][] prompts, int[] control, int count, int context) => LlamaCppProgram.Ask(new
    {
        model = Path.GetFullPath(Folder["model.gguf"]), texts = Texts, prompts, control, count, context,
    });
}
