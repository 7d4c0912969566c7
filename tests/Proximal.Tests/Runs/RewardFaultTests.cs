using System.Text.Json;
using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Tests.Cli;
using Proximal.Tests.Rewards;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Runs;

/// <summary>A reward service that fails in the middle of a PPO run: twenty runs of each kind of fault.</summary>
/// <remarks>
/// A run has six requests, two a step. The fault begins at another one in each run; half of the runs stop on it, half go on.
/// Whatever happens, rows of committed steps are those of the undisturbed run.
/// </remarks>
public sealed class RewardFaultTests
{
    private const int Repetitions = 20;
    private const int Steps = 3;
    private const int Requests = 2 * Steps;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private TinyFolder _tiny = null!;
    private string[] _undisturbed = null!;
    private int _run;

    /// <summary>Each fault, what the message says of it, and whether a run may go on without the service.</summary>
    private static readonly (string Name, Func<RewardServer, ManualTime, JsonElement, ServerAnswer> Answer, string Says, bool MayGoOn)[] Faults =
    [
        ("down", Close, "cannot be reached: Connection refused", true),
        ("closed connections", (_, _, _) => ServerAnswer.Nothing, "cannot be reached", true),
        ("slow", Slow, "gave no answer within 30 s", true),
        ("garbage", (_, _, _) => ServerAnswer.Text("\0\u0001<html>"), "are no JSON", true),
        ("truncated JSON", (_, _, _) => ServerAnswer.Text("""{"scores":[0.5"""), "are no JSON", true),
        ("an answer cut short", (_, _, body) => RewardServer.Scores(body).Cut(3), "cannot be reached", true),
        ("wrong counts", (_, _, _) => ServerAnswer.Json(new { scores = new[] { 1, 2, 3 } }), "answered 3 entries in \"scores\", expected 2", true),
        ("500s", (_, _, _) => ServerAnswer.Text("oops", 500), "answered 500", true),
        ("NaN", (_, _, _) => ServerAnswer.Text("""{"scores":[0.5,"NaN"]}"""), "expected a finite number", true),
        ("infinity", (_, _, _) => ServerAnswer.Text("""{"scores":[0.5,1e999]}"""), "expected a finite number", true),
        ("a huge body", (_, _, _) => ServerAnswer.Text(new string(' ', 5000)), "answered with more than 4096 bytes", true),
        ("a redirect", (_, _, _) => ServerAnswer.Text("", 302, "Location: http://169.254.169.254/\r\n"), "redirects are not followed", false),
    ];

    private static readonly string[] Passing =
        ["closed connections", "slow", "garbage", "truncated JSON", "an answer cut short", "500s"];

    private static IEnumerable<string> FaultNames => Faults.Select(fault => fault.Name);

    [OneTimeSetUp]
    public async Task Run_undisturbed()
    {
        _tiny = new TinyFolder();
        _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n");
        using var server = new RewardServer((_, body) => RewardServer.Scores(body));
        (Exception? failure, _undisturbed) = await Train(server, new ManualTime(TimeSpan.FromSeconds(10)), HttpFailureAction.Stop);
        Assert.That(failure, Is.Null);
        Assert.That((_undisturbed.Length, server.Requests), Is.EqualTo((Steps, Requests)));
    }

    [OneTimeTearDown]
    public void Remove_the_folder() => _tiny.Dispose();

    [TestCaseSource(nameof(FaultNames))]
    public async Task A_fault_that_stays_stops_the_run_or_is_gone_on_without(string name)
    {
        (_, Func<RewardServer, ManualTime, JsonElement, ServerAnswer> answer, string says, bool mayGoOn) = Faults.Single(fault => fault.Name == name);
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            int first = repetition / 2 % Requests;
            HttpFailureAction action = repetition % 2 == 0 ? HttpFailureAction.Stop : HttpFailureAction.UseValue;
            var time = new ManualTime(TimeSpan.FromSeconds(10));
            RewardServer? self = null;
            using var server = new RewardServer((number, body) => number < first ? RewardServer.Scores(body) : answer(self!, time, body));
            self = server;
            (Exception? failure, string[] rows) = await Train(server, time, action);
            string[] intact = [.. rows[..(first / 2)].Select(WithoutShare)];
            Assert.That(intact, Is.EqualTo(_undisturbed[..(first / 2)]), "committed before the fault");
            if (action == HttpFailureAction.UseValue && mayGoOn)
            {
                Assert.That(failure, Is.Null);
                Assert.That(rows, Has.Length.EqualTo(Steps));
                continue;
            }

            Assert.That(failure, Is.TypeOf<RewardException>());
            Assert.That(failure!.Message, Does.StartWith("The reward 'service' got no scores for 2 responses, the first to prompt prompts.jsonl:"));
            Assert.That(failure.Message, Does.Contain(says).And.Contain("un again"));
            Assert.That(rows, Has.Length.EqualTo(first / 2), "the step of the fault is discarded");
        }
    }

    [TestCaseSource(nameof(Passing))]
    public async Task A_fault_that_passes_leaves_no_trace(string name)
    {
        Func<RewardServer, ManualTime, JsonElement, ServerAnswer> answer = Faults.Single(fault => fault.Name == name).Answer;
        for (int at = 0; at < Requests; at++)
        {
            var time = new ManualTime(TimeSpan.FromSeconds(10));
            int first = at;
            RewardServer? self = null;
            using var server = new RewardServer((number, body) =>
                number >= first && number < first + 2 ? answer(self!, time, body) : RewardServer.Scores(body));
            self = server;
            (Exception? failure, string[] rows) = await Train(server, time, HttpFailureAction.Stop);
            Assert.That(failure, Is.Null);
            Assert.That(rows, Is.EqualTo(_undisturbed), "the same run, bit for bit");
            Assert.That(server.Requests, Is.EqualTo(Requests + 2));
        }
    }

    [Test]
    public async Task The_share_without_scores_is_a_curve()
    {
        using var server = new RewardServer((number, body) => number == 3 ? ServerAnswer.Json(new { scores = new[] { 1 } }) : RewardServer.Scores(body));
        (Exception? failure, string[] rows) =
            await Train(server, new ManualTime(TimeSpan.FromSeconds(10)), HttpFailureAction.UseValue, failureValue: -7);
        Assert.That(failure, Is.Null);
        JsonElement[] curves = [.. rows.Select(row => JsonDocument.Parse(row).RootElement)];
        Assert.Multiple(() =>
        {
            Assert.That(
                curves.Select(row => row.GetProperty("reward/service/failed").GetDouble()), Is.EqualTo(new[] { 0, 0.5, 0 }));
            Assert.That(curves[1].GetProperty("objective/scores_min").GetDouble(), Is.EqualTo(-7));
        });
    }

    private static ServerAnswer Close(RewardServer server, ManualTime time, JsonElement body)
    {
        server.Close();
        return ServerAnswer.Nothing;
    }

    private static ServerAnswer Slow(RewardServer server, ManualTime time, JsonElement body)
    {
        time.Advance(Timeout);
        return ServerAnswer.Nothing with { Hang = true };
    }

    /// <summary>Does a run; its rows of metrics come without times.</summary>
    private async Task<(Exception? Failure, string[] Rows)> Train(
        RewardServer server, TimeProvider time, HttpFailureAction action, double failureValue = 0)
    {
        using HttpReward reward = HttpRewardTests.Make(
            server.Url,
            options => options with
            {
                BatchSize = 2,
                Concurrency = 1,
                TimeoutSeconds = Timeout.TotalSeconds,
                MaxAnswerBytes = 4096,
                OnFailure = action,
                FailureValue = failureValue,
            },
            time);
        string output = _tiny[$"run-{++_run}"];
        var run = new PpoRun(new PpoRunOptions
        {
            Model = _tiny.Model,
            Output = output,
            Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
            Rewards = [new DelegateRewardOptions { Reward = reward }],
            Ppo = new PpoOptions { Steps = Steps, PromptsPerStep = 4, MaxNewTokens = 4, Epochs = 1, CriticWarmupSteps = 0 },
            SamplesEvery = 0,
            Threads = 1,
        });
        Exception? failure = null;
        try
        {
            await run.RunAsync();
        }
        catch (RewardException exception)
        {
            failure = exception;
        }

        return (failure, [.. File.ReadAllLines(Path.Combine(output, RunFolder.MetricsFile)).Select(WithoutTimes)]);
    }

    private static string WithoutTimes(string row) => JsonSerializer.Serialize(
        JsonDocument.Parse(row).RootElement.EnumerateObject()
            .Where(curve => !curve.Name.StartsWith("time/", StringComparison.Ordinal))
            .ToDictionary(curve => curve.Name, curve => curve.Value));

    /// <summary>Runs that may go on have one curve more.</summary>
    private static string WithoutShare(string row) => row.Replace(",\"reward/service/failed\":0", "", StringComparison.Ordinal);
}
