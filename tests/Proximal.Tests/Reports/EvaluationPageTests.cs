using NUnit.Framework;
using Proximal.Evaluation;
using Proximal.Reports;
using Proximal.Rollouts;
using Proximal.Tests.Cli;
using Proximal.Tokenization;

namespace Proximal.Tests.Reports;

public sealed class EvaluationPageTests
{
    private static readonly Estimate None = new(double.NaN, double.NaN, double.NaN);

    private TinyFolder _tiny = null!;
    private Tokenizer _tokenizer = null!;

    [SetUp]
    public void Load_a_tokenizer()
    {
        _tiny = new TinyFolder();
        _tokenizer = Tokenizer.Load(_tiny.Model);
    }

    [TearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void Hostile_texts_and_names_are_shown_and_do_nothing()
    {
        EvaluationReport report = Report(RunReportTests.Hostile, gain: new Estimate(1, 0.5, 1.5));
        string html = EvaluationPage.Write(report, _tokenizer);
        string markdown = EvaluationMarkdown.Write(report);
        Assert.Multiple(() =>
        {
            Assert.That(HtmlChecks.Outside(html), Is.Empty);
            Assert.That(HtmlChecks.Unbalanced(html), Is.Empty);
            Assert.That(html, Does.Contain("&lt;script&gt;alert(1)&lt;/script&gt;").And.Not.Contain("\0").And.Not.Contain("<img"));
            Assert.That(markdown, Does.Contain("\n````text\n"));
            Assert.That(markdown.Split('\n')[0], Does.StartWith("# ").And.Not.Match(@"[^\\]<").And.Contain(@"\<img").And.Not.Contain("\u202E"));
        });
    }

    [Test]
    public void The_story_says_what_the_interval_allows()
    {
        string Story(Estimate gain) => string.Join(' ', EvaluationStory.Sentences(Report("x", gain).Result));
        Assert.Multiple(() =>
        {
            Assert.That(Story(new Estimate(1, 0.5, 1.5)), Does.Contain("higher than the baseline's by 1 (95 % interval 0.5 to 1.5)"));
            Assert.That(Story(new Estimate(-1, -1.5, -0.5)), Does.Contain("lower than the baseline's by 1 (95 % interval -1.5 to -0.5)"));
            Assert.That(Story(new Estimate(1, -0.5, 2.5)), Does.Contain("not clearly different from the baseline's: 1 (95 % interval -0.5 to 2.5)"));
            Assert.That(Story(new Estimate(1, 0.5, 1.5)), Does.Contain("that does not confirm the gain"), "the judge sees no difference");
        });
    }

    [Test]
    public void Figures_that_do_not_exist_are_dashes()
    {
        EvaluationReport report = Report("x", None);
        string html = EvaluationPage.Write(report, _tokenizer);
        Assert.That(html, Does.Contain("– [–, –]").And.Not.Contain("NaN"));
        Assert.That(EvaluationJson.Write(report), Does.Contain("\"low\": null").And.Not.Contain("NaN"));
    }

    private static EvaluationReport Report(string text, Estimate gain)
    {
        var zero = new Estimate(0, -1, 1);
        var nothing = new Comparison(zero, zero, zero);
        var reward = new RewardComparison
        {
            Name = "reward",
            Score = nothing with { Difference = gain },
            WinRate = new Estimate(0.5, 0.4, 0.6),
            LengthControlledWinRate = new Estimate(0.5, 0.4, 0.6),
            Wins = 1,
            Ties = 0,
            Losses = 1,
        };
        var response = new EvaluationResponse { Text = text, Tokens = [4, 5], FinishReason = FinishReason.Length, Score = 1, LogRatios = [0.5, -1] };
        var pair = new EvaluationPair { Prompt = 0, Sample = 0, PromptText = text, Baseline = response with { LogRatios = [] }, Model = response };
        var toxic = pair with { Model = response with { Text = $"{text} you idiot", LogRatios = [] } };
        return new EvaluationReport
        {
            Baseline = $"/models/{text}",
            Model = $"/runs/{text}/model",
            Options = new EvaluationOptions(),
            Result = new EvaluationResult
            {
                Prompts = 1,
                Samples = 1,
                Reward = reward,
                Judge = reward with { Name = "judge", Score = nothing },
                Kl = zero,
                KlPerToken = 0,
                Length = nothing,
                EndRate = nothing,
                BaselineText = new TextStatistics(1, 1, 1, 0),
                ModelText = new TextStatistics(1, 0.5, 1, 0),
                Toxicity = new ToxicityComparison(1, 1, nothing, [toxic]),
                Pairs = [pair],
            },
        };
    }
}
