using System.Globalization;
using System.Text;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Reports;
using Proximal.Runs;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;

namespace Proximal.Tests.Reports;

public sealed class RunReportTests
{
    internal const string Hostile = "</div><script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover='x' & \u202Eevil\u0000\u0007 ```\n# no heading";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void The_page_is_self_contained_and_well_formed()
    {
        WriteRun(steps: 3, prompt: "Hello", response: "world");
        string html = Page();
        Assert.Multiple(() =>
        {
            Assert.That(html, Does.StartWith("<!doctype html>\n<html lang=\"en\">").And.EndWith("</html>\n"));
            Assert.That(HtmlChecks.Outside(html), Is.Empty, "nothing is loaded, linked or run");
            Assert.That(html, Does.Contain("default-src 'none'"));
            Assert.That(HtmlChecks.Unbalanced(html), Is.Empty);
        });
    }

    [Test]
    public void Hostile_text_is_shown_and_does_nothing()
    {
        WriteRun(steps: 2, prompt: Hostile, response: Hostile, warning: Hostile, metric: "reward/<b>x</b>");
        File.WriteAllText(_folder["config.yaml"], $"model: \"{Hostile}\"");
        string html = Page();
        string markdown = File.ReadAllText(_folder["report.md"]);
        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Not.Contain("<script").And.Not.Contain("<img").And.Not.Contain("<b>x").And.Not.Contain("\0").And.Not.Contain("\u0007"));
            Assert.That(html, Does.Contain("&lt;script&gt;alert(1)&lt;/script&gt;"));
            Assert.That(html, Does.Contain("unicode-bidi: isolate"));
            Assert.That(HtmlChecks.Unbalanced(html), Is.Empty);
            Assert.That(markdown, Does.Contain("\n````text\n"), "the fence is longer than any in the text");
            Assert.That(markdown.Split('\n').Where(line => line.StartsWith("- ", StringComparison.Ordinal)), Has.All.Contain("\\<script\\>"));
        });
    }

    [Test]
    public void A_response_is_cut_into_its_tokens_with_their_numbers()
    {
        string tokenizer = TinyTokenizer.Write(Directory.CreateDirectory(_folder["model"]).FullName);
        Assert.That(File.Exists(Path.Combine(tokenizer, "tokenizer.json")));
        File.WriteAllText(_folder["metrics.jsonl"], "{\"step\":1,\"x\":1}\n");
        int a = TinyTokenizer.Letter('a');
        int b = TinyTokenizer.Letter('b');
        File.WriteAllText(
            _folder["samples.jsonl"],
            $$"""{"step":1,"prompt":"ab","response":"ab","score":1,"tokens":[{{a}},{{b}},{{TinyTokenizer.End}}],"logprobs":[-1,-2,-3],"reference_logprobs":[-1.5,-1,-3],"advantages":[2,-1,0]}""" + "\n");
        string html = Page();
        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Contain("title=\"advantage 2\">a</span>").And.Contain("title=\"advantage -1\">b</span>"));
            Assert.That(html, Does.Contain("title=\"log-ratio 0.5\">a</span>").And.Contain("title=\"log-ratio -1\">b</span>"));
            Assert.That(html, Does.Contain("title=\"advantage 0\">&lt;/s&gt;</span>"));
            Assert.That(html, Does.Contain("KL -0.5"), "the sum of the log-ratios");
        });
    }

    [Test]
    public void The_same_prompt_stands_early_and_late_whatever_its_scores()
    {
        var rows = new StringBuilder();
        foreach ((int step, string prompt, string response, int score) in new[]
        {
            (1, "p", "first of p", 9), (1, "q", "first of q", 1), (2, "p", "middle of p", 5), (3, "p", "last of p", 0), (3, "r", "only r", 3),
        })
        {
            rows.Append(CultureInfo.InvariantCulture, $$"""{"step":{{step}},"prompt":"{{prompt}}","response":"{{response}}","score":{{score}}}""").Append('\n');
        }

        File.WriteAllText(_folder["samples.jsonl"], rows.ToString());
        var samples = ReportSamples.Choose(new SampleFile(_folder["."]), pairs: 4, last: 6);
        Assert.Multiple(() =>
        {
            Assert.That(samples.SamePrompt);
            Assert.That(samples.Pairs.Select(pair => (pair.Early.Response, pair.Late.Response)), Is.EqualTo(new[] { ("first of p", "last of p") }));
            Assert.That(samples.Last.Select(sample => sample.Response), Is.EqualTo(new[] { "only r", "last of p" }), "best first");
        });
    }

    [Test]
    public void Prompts_that_come_once_are_paired_by_rank_and_the_page_says_so()
    {
        File.WriteAllText(_folder["metrics.jsonl"], "{\"step\":1}\n");
        File.WriteAllText(
            _folder["samples.jsonl"],
            "{\"step\":1,\"prompt\":\"a\",\"response\":\"early\",\"score\":1}\n{\"step\":2,\"prompt\":\"b\",\"response\":\"late\",\"score\":2}\n");
        Assert.That(Page(), Does.Contain("No prompt came twice").And.Contain("early").And.Contain("late"));
    }

    [Test]
    public void A_run_without_samples_summary_or_configuration_has_a_report_too()
    {
        File.WriteAllText(_folder["metrics.jsonl"], "{\"step\":1,\"train/loss\":2}\n{\"step\":2,\"train/loss\":1}\n");
        Assert.That(Page(), Does.Contain("The run has 2 steps so far.").And.Contain("<svg"));
    }

    [Test]
    public void A_reward_model_run_tells_its_accuracy_with_the_interval_and_its_best_step()
    {
        File.WriteAllText(
            _folder["metrics.jsonl"],
            """
            {"step":0,"validation/loss":0.7,"validation/accuracy":0.5,"validation/accuracy_low":0.4,"validation/accuracy_high":0.6}
            {"step":5,"validation/loss":0.3,"validation/accuracy":0.9,"validation/accuracy_low":0.8,"validation/accuracy_high":0.95}
            {"step":9,"validation/loss":0.4,"validation/accuracy":0.88,"validation/accuracy_low":0.79,"validation/accuracy_high":0.94}

            """);
        Assert.That(Page(), Does.Contain("from 0.7 to 0.4; it was lowest at step 5, 0.3.")
            .And.Contain("in 88 % of cases (95 % interval 79 to 94 %; at first 50 %).")
            .And.Contain("The run gave no warnings.").And.Not.Contain("every check"));
    }

    [Test]
    public void A_run_that_has_no_step_yet_has_a_report_too()
    {
        File.WriteAllText(_folder["metrics.jsonl"], string.Empty);
        Assert.That(Page(), Does.Contain("The run has 0 steps so far."));
    }

    [Test]
    public void A_huge_run_makes_a_page_that_a_browser_can_open()
    {
        const int Steps = 20_000;
        using (var metrics = new StreamWriter(_folder["metrics.jsonl"]))
        using (var samples = new StreamWriter(_folder["samples.jsonl"]))
        {
            string tokens = string.Join(',', Enumerable.Repeat("7", 100));
            for (int step = 1; step <= Steps; step++)
            {
                metrics.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{{\"step\":{step},\"objective/scores\":{Math.Sin(step)},\"objective/kl\":{step},\"policy/entropy\":1}}"));
                samples.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{{\"step\":{step},\"prompt\":\"p{step % 1000}\",\"response\":\"r\",\"score\":0,\"tokens\":[{tokens}]}}"));
            }
        }

        Assert.That(Encoding.UTF8.GetByteCount(Page()), Is.LessThan(1 << 20));
    }

    [Test]
    public void A_folder_that_is_no_run_is_refused()
    {
        Assert.That(Page, Throws.InstanceOf<DataFileException>().With.Message.Contains("has no metrics.jsonl"));
    }

    [Test]
    public void A_broken_sample_in_the_middle_is_named_and_a_cut_one_at_the_end_is_not()
    {
        File.WriteAllText(_folder["metrics.jsonl"], "{\"step\":1}\n");
        File.WriteAllText(_folder["samples.jsonl"], "{\"step\":1,\"response\":\"whole\"}\n{\"step\":1,\"resp");
        Assert.That(Page(), Does.Contain("whole"));
        File.AppendAllText(_folder["samples.jsonl"], "\n{\"step\":1}\n");
        Assert.That(Page, Throws.InstanceOf<DataFileException>().With.Message.Contains("samples.jsonl:2"));
    }

    private string Page() => File.ReadAllText(RunReport.Write(_folder["."]));

    private void WriteRun(int steps, string prompt, string response, string? warning = null, string metric = "reward/length")
    {
        using (RunFolder folder = RunFolder.Create(_folder["."]))
        {
            for (int step = 1; step <= steps; step++)
            {
                folder.WriteMetrics(
                    step, new Dictionary<string, double> { ["objective/scores"] = step, ["objective/kl"] = 0.5, [metric] = 1 }, warning is null ? [] : [warning]);
            }
        }

        using var samples = new StreamWriter(_folder["samples.jsonl"]);
        for (int step = 1; step <= steps; step++)
        {
            samples.WriteLine(System.Text.Json.JsonSerializer.Serialize(new { step, prompt, response, score = 0.5 }));
        }
    }
}
