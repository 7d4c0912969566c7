using System.Text.Json;
using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tests.Models;

namespace Proximal.Tests.Rewards;

public sealed class ExactAnswerRewardTests
{
    [TestCase("so it is\n#### 72", "72")]
    [TestCase("#### 1\n#### 2\nor 3", "2")]
    [TestCase("####\n5 apples", "5")]
    [TestCase("#### blue whale \nthe end 4", "blue whale")]
    [TestCase("#### $1,050 in all", "$1,050")]
    [TestCase("3 + 4 = 7.", "7")]
    [TestCase("it costs $1,234.50!", "$1,234.50")]
    [TestCase("5-3", "3")]
    [TestCase("that is -3", "-3")]
    [TestCase("x=\u22123", "\u22123")]
    [TestCase("lists 1,2", "2")]
    [TestCase("about .5 of it", ".5")]
    [TestCase("1e3", "1e3")]
    [TestCase("no number", null)]
    [TestCase("", null)]
    [TestCase("#### ", null)]
    public void The_answer_is_behind_the_mark_or_the_last_number(string text, string? answer) =>
        Assert.That(FinalAnswer.Find(text), Is.EqualTo(answer));

    [TestCase("1,050", "1050", true)]
    [TestCase("$1,050.00", "1050", true)]
    [TestCase("50%", "50", true)]
    [TestCase("007", "7", true)]
    [TestCase("+7", "7", true)]
    [TestCase("\u22127.50", "-7.5", true)]
    [TestCase("-0", "0", true)]
    [TestCase("1e3", "1000", true)]
    [TestCase(".5", "0.5", true)]
    [TestCase("42.", "42", true)]
    [TestCase("7", "-7", false)]
    [TestCase("1,2", "12", false)]
    [TestCase("10,50", "1050", false)]
    [TestCase("0.1", "0.10000001", false)]
    [TestCase("100", "1", false)]
    [TestCase(" Blue  whale. ", "blue whale", true)]
    [TestCase("blue whale", "bluewhale", false)]
    public void Answers_are_compared_as_numbers_or_as_texts(string left, string right, bool same) => Assert.Multiple(() =>
    {
        Assert.That(FinalAnswer.AreSame(left, right), Is.EqualTo(same));
        Assert.That(FinalAnswer.AreSame(right, left), Is.EqualTo(same));
    });

    [Test]
    public async Task The_answer_of_the_row_may_be_a_number_a_text_or_one_behind_a_mark()
    {
        RewardBatch batch = Batch(
            ("The result is 72.", """{"answer": 72.0}"""),
            ("#### 72", """{"answer": "48+24 = <<48+24=72>>72\n#### 72"}"""),
            ("72 or 73", """{"answer": "72"}"""),
            ("Blue Whale", """{"answer": "blue whale"}"""),
            ("nothing", """{"answer": "72"}"""));
        float[] scores = (await new ExactAnswerReward(matchScore: 1, missScore: -0.5).ScoreAsync(batch)).Scores;
        Assert.That(scores, Is.EqualTo(new[] { 1f, 1, -0.5f, -0.5f, -0.5f }), "a text without a mark has no answer but its last number");
    }

    [Test]
    public async Task A_pattern_finds_the_answer_by_its_last_match()
    {
        RewardBatch batch = Batch(
            ("<answer>7</answer> no <answer> 8 </answer>", """{"solution": 8}"""),
            ("the answer is 8", """{"solution": 8}"""));
        float[] grouped = (await new ExactAnswerReward("solution", "<answer>([^<]*)</answer>").ScoreAsync(batch)).Scores;
        float[] whole = (await new ExactAnswerReward("solution", "[0-9]").ScoreAsync(batch)).Scores;
        Assert.Multiple(() =>
        {
            Assert.That(grouped, Is.EqualTo(new[] { 1f, 0 }));
            Assert.That(whole, Is.EqualTo(new[] { 1f, 1 }));
        });
    }

    [TestCase(null, "the prompt has no fields: give prompts as .jsonl rows with a field 'answer'")]
    [TestCase("""{"prompt":"p","solution":1}""", "no field 'answer' (it has 'prompt', 'solution')")]
    [TestCase("""{"answer":null}""", "neither a text nor a number")]
    [TestCase("""{"answer":[1]}""", "neither a text nor a number")]
    public void A_prompt_without_an_answer_is_named(string? row, string says)
    {
        RewardException exception = Assert.ThrowsAsync<RewardException>(
            async () => await new ExactAnswerReward().ScoreAsync(Batch(("1", row))))!;
        Assert.That(exception.Message, Does.StartWith("The reward 'exact_answer' failed on row 0 (prompt p.jsonl:1): ").And.Contain(says));
    }

    [Test]
    public async Task Every_solution_of_GSM8K_comes_to_its_own_answer()
    {
        string file = SharedData.Path("gsm8k", "train.jsonl");
        var reward = new ExactAnswerReward();
        JsonElement[] rows = [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)];
        var batch = new RewardBatch([.. rows.Select(row => Row(row.GetProperty("answer").GetString()!, row))]);
        var others = new RewardBatch([.. rows.Select((row, i) => Row(rows[(i + 1) % rows.Length].GetProperty("answer").GetString()!, row))]);
        float[] own = (await reward.ScoreAsync(batch)).Scores;
        float[] shifted = (await reward.ScoreAsync(others)).Scores;
        Assert.Multiple(() =>
        {
            Assert.That(own, Has.Length.EqualTo(7473).And.All.EqualTo(1f));
            Assert.That(shifted.Average(), Is.LessThan(0.05), "another problem's answer is rarely the same");
        });
    }

    private static RewardBatch Batch(params (string Response, string? Row)[] rows) =>
        new([.. rows.Select(row => Row(row.Response, row.Row is null ? null : JsonDocument.Parse(row.Row).RootElement))]);

    private static RewardRow Row(string response, JsonElement? row) => new()
    {
        PromptTokens = [1],
        ResponseTokens = [2],
        ResponseText = response,
        FinishReason = FinishReason.Stop,
        Metadata = row,
        Source = "p.jsonl:1",
    };
}
