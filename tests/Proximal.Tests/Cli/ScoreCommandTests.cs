using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

public sealed class ScoreCommandTests
{
    private static readonly int[] Tokens = [1, 3, 4, 5, 3, 6];
    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void Write_the_model() => _tiny = new TinyFolder();

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [TestCase("""{"id":1,"tokens":[1,3,4,5,3,6]}""")]
    [TestCase("""{"id":1,"text":"ab c"}""")]
    public void Tokens_and_texts_get_the_models_log_probs(string row)
    {
        ModelScores scores = Expect(1);
        CliRun run = CliRun.Of(row, "score", "--model", _tiny.Model, "--input", "-", "--entropy");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Error, Is.Empty);
            JsonElement answer = run.Rows.Single();
            Assert.That(
                answer.EnumerateObject().Select(field => field.Name),
                Is.EqualTo(new[] { "id", "tokens", "logprobs", "sum_logprob", "entropy" }));
            Assert.That(Ints(answer, "tokens"), Is.EqualTo(Tokens));
            Assert.That(Targets(answer, "logprobs"), Is.EqualTo(scores.LogProbs[1..]));
            Assert.That(Targets(answer, "entropy"), Is.EqualTo(scores.Entropies[1..]));
            Assert.That(answer.GetProperty("sum_logprob").GetDouble(), Is.EqualTo(scores.LogProbs.Sum(value => (double)value)));
        });
    }

    [Test]
    public void The_temperature_divides_the_logits()
    {
        CliRun run = CliRun.Of("{\"tokens\":[1,3,4,5,3,6]}", "score", "-m", _tiny.Model, "-i", "-", "--temperature", "0.5");
        Assert.That(Targets(run.Rows[0], "logprobs"), Is.EqualTo(Expect(0.5).LogProbs[1..]));
    }

    [Test]
    public void A_response_is_summed_alone()
    {
        ModelScores scores = Expect(1);
        CliRun run = CliRun.Of("{\"prompt\":\"ab\",\"response\":\" c\"}", "score", "-m", _tiny.Model, "-i", "-");
        JsonElement answer = run.Rows.Single();
        Assert.Multiple(() =>
        {
            Assert.That(Ints(answer, "tokens"), Is.EqualTo(Tokens));
            Assert.That(answer.GetProperty("response_start").GetInt32(), Is.EqualTo(4));
            Assert.That(answer.GetProperty("sum_logprob").GetDouble(), Is.EqualTo((double)scores.LogProbs[4] + scores.LogProbs[5]));
            Assert.That(answer.GetProperty("logprobs").GetArrayLength(), Is.EqualTo(Tokens.Length));
        });
    }

    [Test]
    public void A_reward_head_answers_with_a_score()
    {
        using var reward = new TinyFolder(new TinyModel { Classifier = true });
        using var engine = new Engine();
        using LanguageModel model = LanguageModel.Load(engine, reward.Model);
        float expected = model.Score(PackedBatch.Pack([Tokens]), ScoreOutputs.Scores).Scores[0];
        CliRun run = CliRun.Of("{\"tokens\":[1,3,4,5,3,6]}", "score", "-m", reward.Model, "-i", "-");
        Assert.Multiple(() =>
        {
            Assert.That(run.Rows.Single().EnumerateObject().Select(field => field.Name), Is.EqualTo(new[] { "id", "tokens", "score" }));
            Assert.That(run.Rows.Single().GetProperty("score").GetSingle(), Is.EqualTo(expected));
            Assert.That(CliRun.Of(string.Empty, "score", "-m", reward.Model, "-i", "-", "--entropy").Code, Is.EqualTo(2));
        });
    }

    [Test]
    public void Rows_of_several_batches_stay_in_order_with_the_bad_ones_between()
    {
        const int Count = 700;
        string input = _tiny.Write("many.jsonl", string.Concat(Enumerable.Range(0, Count).Select(i => i % 10 == 3
            ? $"{{\"id\":{i},\"tokens\":[99]}}\n"
            : $"{{\"id\":{i},\"tokens\":[{string.Join(',', Enumerable.Repeat(3 + (i % 20), 1 + (i % 40)))}]}}\n")));
        CliRun run = CliRun.Of(string.Empty, "score", "-m", _tiny.Model, "-i", input);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3));
            Assert.That(run.Rows.Select(row => row.GetProperty("id").GetInt32()), Is.EqualTo(Enumerable.Range(0, Count)));
            for (int i = 0; i < Count; i++)
            {
                Assert.That(run.Rows[i].TryGetProperty("error", out JsonElement _), Is.EqualTo(i % 10 == 3), $"row {i}");
            }
        });
    }

    [Test]
    public void The_same_file_gives_the_same_bytes()
    {
        string input = _tiny.Write("again.jsonl", string.Concat(Enumerable.Range(0, 300).Select(i =>
            $"{{\"id\":{i},\"tokens\":[{string.Join(',', Enumerable.Range(0, 1 + (i % 50)).Select(j => (i * j) % 29))}]}}\n")));
        CliRun first = CliRun.Of(string.Empty, "score", "-m", _tiny.Model, "-i", input);
        Assert.That(CliRun.Of(string.Empty, "score", "-m", _tiny.Model, "-i", input), Is.EqualTo(first));
    }

    [TestCase("""{"tokens":[1],"text":"a"}""", "'tokens' and 'text' are both given")]
    [TestCase("""{"x":1}""", "there is nothing to score")]
    [TestCase("""{"prompt":"a"}""", "'response' is missing")]
    [TestCase("""{"tokens":[1,29]}""", "token 1 is 29: the model's vocabulary is 0 to 28")]
    [TestCase("""{"tokens":[-1]}""", "token 0 is -1")]
    public void A_bad_row_says_what_is_wrong(string row, string message)
    {
        CliRun run = CliRun.Of(row, "score", "-m", _tiny.Model, "-i", "-");
        Assert.That(run.Rows.Single().GetProperty("error").GetString(), Does.StartWith("line 1: ").And.Contain(message));
        Assert.That(run.Code, Is.EqualTo(3));
    }

    [Test]
    public void A_row_beyond_the_context_is_bad_and_one_that_fills_it_is_not()
    {
        static string Row(int length) => $"{{\"tokens\":[{string.Join(',', Enumerable.Repeat(4, length))}]}}\n";
        CliRun run = CliRun.Of(Row(65) + Row(64), "score", "-m", _tiny.Model, "-i", "-");
        Assert.That(run.Rows[0].GetProperty("error").GetString(), Does.Contain("65 tokens are more than the model's context of 64"));
        Assert.That(run.Rows[1].GetProperty("logprobs").GetArrayLength(), Is.EqualTo(64));
    }

    private static int[] Ints(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    /// <summary>The numbers behind the null of the first token.</summary>
    private static float[] Targets(JsonElement row, string name)
    {
        JsonElement[] items = [.. row.GetProperty(name).EnumerateArray()];
        Assert.That(items[0].ValueKind, Is.EqualTo(JsonValueKind.Null));
        return [.. items[1..].Select(item => item.GetSingle())];
    }

    private ModelScores Expect(double temperature)
    {
        using var engine = new Engine();
        using LanguageModel model = LanguageModel.Load(engine, _tiny.Model);
        return model.Score(PackedBatch.Pack([Tokens]), ScoreOutputs.LogProbs | ScoreOutputs.Entropies, temperature);
    }
}
