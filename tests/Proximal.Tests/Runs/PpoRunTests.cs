using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Tests.Cli;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Runs;

public sealed class PpoRunTests
{
    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_the_inputs()
    {
        _tiny = new TinyFolder();
        _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n");
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public async Task The_start_model_is_measured_and_every_validation_curve_is_documented()
    {
        await new PpoRun(Options()).RunAsync();
        JsonElement[] rows = Rows(RunFolder.MetricsFile);
        string table = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Runs", "METRICS.md"));
        JsonElement start = rows[0];
        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.GetProperty("step").GetInt32()), Is.EqualTo(new[] { 0, 1, 2, 3 }));
            Assert.That(start.GetProperty("validation/kl").GetDouble(), Is.Zero, "the start model is the reference");
            Assert.That(start.GetProperty("validation/reward_std").GetDouble(), Is.GreaterThan(0));
            Assert.That(start.GetProperty("validation/distinct_2").GetDouble(), Is.InRange(0.0, 1.0));
            Assert.That(rows[1].TryGetProperty("validation/kl", out _), Is.False, "every second step is measured");
            Assert.That(rows[2].TryGetProperty("validation/kl", out _), Is.True);
            Assert.That(rows[3].TryGetProperty("validation/kl", out _), Is.True, "and the last one");
            foreach (string name in start.EnumerateObject().Select(curve => curve.Name).Where(name => name != "step"))
            {
                string documented = name.StartsWith("validation/reward/", StringComparison.Ordinal) ? "validation/reward/NAME" : name;
                Assert.That(table, Does.Contain($"`{documented}`"));
            }
        });
    }

    [Test]
    public async Task A_sample_has_texts_tokens_and_what_was_computed_of_each_token()
    {
        await new PpoRun(Options() with { SamplesEvery = 3 }).RunAsync();
        JsonElement[] rows = Rows(RunFolder.SamplesFile);
        Assert.That(rows, Has.Length.EqualTo(4), "the third step alone");
        foreach (JsonElement row in rows)
        {
            int tokens = row.GetProperty("tokens").GetArrayLength();
            Assert.Multiple(() =>
            {
                Assert.That(row.GetProperty("step").GetInt32(), Is.EqualTo(3));
                Assert.That(row.GetProperty("prompt").GetString(), Is.AnyOf("ab", "c", "de f"));
                Assert.That(row.GetProperty("source").GetString(), Does.Match("^prompts\\.jsonl:[123]$"));
                Assert.That(row.GetProperty("finish_reason").GetString(), Is.AnyOf("stop", "length"));
                Assert.That(row.GetProperty("response").ValueKind, Is.EqualTo(JsonValueKind.String));
                Assert.That(
                    row.GetProperty("score").GetDouble(),
                    Is.EqualTo(-row.GetProperty("rewards").GetProperty("repetition").GetDouble() + (0.5 * tokens)).Within(1e-6));
                foreach (string name in (string[])["logprobs", "reference_logprobs", "values", "token_rewards", "advantages", "returns"])
                {
                    Assert.That(row.GetProperty(name).GetArrayLength(), Is.EqualTo(tokens), name);
                }
            });
        }
    }

    [Test]
    public async Task The_trained_model_lies_in_the_folder_with_its_tokenizer()
    {
        PpoRunResult result = await new PpoRun(Options()).RunAsync();
        Assert.Multiple(() =>
        {
            Assert.That(result.Steps, Is.EqualTo(3));
            Assert.That(result.ModelFolder, Is.EqualTo(_tiny["run", "model"]));
            Assert.That(
                Directory.GetFiles(result.ModelFolder).Select(Path.GetFileName),
                Is.SupersetOf(new[] { "config.json", "model.safetensors", "tokenizer.json", "generation_config.json" }));
            Assert.That(result.Metrics, Does.ContainKey("validation/reward_mean").And.ContainKey("policy/loss"));
        });
    }

    [Test]
    public void A_prompt_that_leaves_no_room_is_named_and_no_folder_is_left()
    {
        _tiny.Write("prompts.jsonl", $"{{\"prompt\":\"ab\"}}\n{{\"prompt\":\"{new string('a', 70)}\"}}\n");
        Assert.That(
            () => new PpoRun(Options()).RunAsync(),
            Throws.TypeOf<DataFileException>().With.Message.Contains("prompts.jsonl:2: the prompt has 72 tokens")
                .And.Message.Contains("context of 64"));
        Assert.That(Directory.Exists(_tiny["run"]), Is.False);
    }

    [Test]
    public void A_reward_that_fails_in_the_second_step_leaves_the_first_ones_row()
    {
        int calls = 0;
        var moody = new DelegateReward("moody", _ => ++calls > 4 ? throw new InvalidDataException("enough") : 1);
        PpoRunOptions options = Options() with { Rewards = [new DelegateRewardOptions { Reward = moody }], Validation = null };
        Assert.That(
            () => new PpoRun(options).RunAsync(),
            Throws.TypeOf<RewardException>().With.Message.Contains("'moody' failed on row 0").And.Message.Contains("enough"));
        Assert.That(Rows(RunFolder.MetricsFile).Select(row => row.GetProperty("step").GetInt32()), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Options_that_cannot_be_used_are_named() => Assert.Multiple(() =>
    {
        Assert.That(() => new PpoRun(Options() with { Rewards = [] }), Throws.ArgumentException.With.Message.Contains("Rewards is empty"));
        Assert.That(() => new PpoRun(Options() with { Output = " " }), Throws.ArgumentException.With.Message.Contains("Output is empty"));
        Assert.That(
            () => new PpoRun(Options() with { Validation = new ValidationOptions { Prompts = "p.txt", Every = 0 } }),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("Validation.Every"));
        Assert.That(
            () => new PpoRun(Options() with { Ppo = new PpoOptions { Gamma = 2 } }),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("Gamma"));
    });

    private PpoRunOptions Options() => new()
    {
        BaseDirectory = _tiny[".."],
        Model = _tiny.Model,
        Output = _tiny["run"],
        Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
        Rewards = [new RepetitionRewardOptions { N = 1, Weight = -1 }, new LengthRewardOptions { Weight = 0.5 }],
        Ppo = new PpoOptions { Steps = 3, PromptsPerStep = 4, MaxNewTokens = 6, MissingEndPenalty = 0 },
        Validation = new ValidationOptions { Prompts = _tiny["prompts.jsonl"], Samples = 2, Every = 2 },
        Threads = 1,
    };

    private JsonElement[] Rows(string file) =>
        [.. File.ReadAllLines(_tiny["run", file]).Select(line => JsonDocument.Parse(line).RootElement)];
}
