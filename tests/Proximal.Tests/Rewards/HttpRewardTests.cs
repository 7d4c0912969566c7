using System.Net;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Rollouts;

namespace Proximal.Tests.Rewards;

public sealed class HttpRewardTests
{
    private const string Variable = "PROXIMAL_TEST_REWARD_SECRET";
    private const string Secret = "Bearer only-for-the-service";

    private static readonly string[] Texts = ["one", "three", "five is even", "", "nine"];
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    [TearDown]
    public void Unset() => Environment.SetEnvironmentVariable(Variable, null);

    [Test]
    public async Task Responses_go_out_in_batches_and_scores_come_back_in_order()
    {
        using var server = new RewardServer((_, body) => RewardServer.Scores(body));
        using HttpReward reward = Make(server.Url, options => options with { BatchSize = 2 });
        RewardResult result = await reward.ScoreAsync(RewardBatches.OfTexts(Texts));
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(Texts.Select(text => (float)RewardServer.Score(text))));
            Assert.That(server.Received.Select(request => request.Body.GetProperty("rows").GetArrayLength()), Is.EquivalentTo(new[] { 2, 2, 1 }));
            Assert.That(result.Components, Is.Empty);
            Assert.That(result.TokenRewards, Is.Null);
        });
    }

    [Test]
    public async Task A_request_is_what_the_contract_says()
    {
        Environment.SetEnvironmentVariable(Variable, Secret);
        using var server = new RewardServer((_, body) => RewardServer.Scores(body));
        using HttpReward reward = Make(server.Url, options => options with
        {
            SendTokens = true,
            Headers = new Dictionary<string, string> { ["Authorization"] = Variable },
        });
        JsonElement metadata = JsonDocument.Parse("""{"prompt": "p\u00fc", "answer": 7}""").RootElement;
        await reward.ScoreAsync(new RewardBatch(
        [
            new RewardRow { PromptTokens = [1, 5], ResponseTokens = [6], PromptText = "pü", ResponseText = "\"r\"", FinishReason = FinishReason.Stop, Metadata = metadata },
            new RewardRow { PromptTokens = [1], ResponseTokens = [8, 9], PromptText = "q", ResponseText = "s", FinishReason = FinishReason.Length },
        ]));
        (string head, JsonElement body) = server.Received.Single();
        Assert.Multiple(() =>
        {
            Assert.That(head, Does.StartWith("POST /score HTTP/1.1").And.Contain("Content-Type: application/json"));
            Assert.That(head, Does.Contain($"Authorization: {Secret}"));
            Assert.That(
                JsonSerializer.Serialize(body),
                Is.EqualTo(JsonSerializer.Serialize(JsonDocument.Parse(
                    """
                    {"rows":[
                      {"prompt":"pü","response":"\"r\"","finish_reason":"stop","prompt_tokens":[1,5],"tokens":[6],"metadata":{"prompt":"pü","answer":7}},
                      {"prompt":"q","response":"s","finish_reason":"length","prompt_tokens":[1],"tokens":[8,9]}]}
                    """).RootElement)));
        });
    }

    [Test]
    public async Task Components_and_token_rewards_come_back_too()
    {
        using var server = new RewardServer((_, body) => ServerAnswer.Text(
            body.GetProperty("rows").GetArrayLength() == 2
                ? """{"scores":[1,2],"components":{"grammar":[3,4],"tone":[5,6]},"token_rewards":[[1],[2,3]],"more":"is ignored"}"""
                : """{"scores":[7],"components":{"grammar":[8]},"token_rewards":null}"""));
        using HttpReward reward = Make(server.Url, options => options with { BatchSize = 2 });
        RewardResult result = await reward.ScoreAsync(RewardBatches.OfTexts("a", "bc", "de"));
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(new[] { 1f, 2, 7 }));
            Assert.That(result.Components.Keys, Is.EqualTo(new[] { "grammar" }), "the third response has no tone");
            Assert.That(result.Components["grammar"], Is.EqualTo(new[] { 3f, 4, 8 }));
            Assert.That(result.TokenRewards, Is.EqualTo(new[] { 1f, 2, 3, 0, 0 }));
        });
    }

    [Test]
    public async Task No_more_requests_than_allowed_are_under_way()
    {
        int underWay = 0;
        int most = 0;
        var both = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var server = new RewardServer(async (_, body) =>
        {
            int now = Interlocked.Increment(ref underWay);
            most = Math.Max(most, now);
            if (now == 2)
            {
                both.TrySetResult();
            }

            await both.Task; // the first waits for a second: they do run at a time
            ServerAnswer answer = RewardServer.Scores(body);
            Interlocked.Decrement(ref underWay);
            return answer;
        });
        using HttpReward reward = Make(server.Url, options => options with { BatchSize = 1, Concurrency = 2 });
        RewardResult result = await reward.ScoreAsync(RewardBatches.OfTexts([.. Texts, .. Texts]));
        Assert.Multiple(() =>
        {
            Assert.That(most, Is.EqualTo(2));
            Assert.That(result.Scores, Has.Length.EqualTo(10));
        });
    }

    [Test]
    public async Task Failures_that_pass_are_tried_again_after_jittered_delays()
    {
        var time = new ManualTime(TimeSpan.FromDays(1));
        using var server = new RewardServer((number, body) => number < 4 ? ServerAnswer.Text("busy", 503) : RewardServer.Scores(body));
        using HttpReward reward = Make(server.Url, options => options with { TimeoutSeconds = 86400, MaxRetryDelaySeconds = 86400 }, time);
        RewardResult result = await reward.ScoreAsync(RewardBatches.OfTexts(Texts));
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Has.Length.EqualTo(Texts.Length));
            Assert.That(server.Requests, Is.EqualTo(5));
            Assert.That(time.Skipped, Has.Count.EqualTo(4));
            Assert.That(time.Skipped, Is.Unique, "jittered");
            Assert.That(time.Skipped, Is.All.LessThan(TimeSpan.FromSeconds(40)), "one second, doubled three times, with room for jitter");
        });
    }

    [Test]
    public void A_service_that_stays_away_fails_after_its_tries_and_says_what_to_do()
    {
        using var server = new RewardServer((_, _) => ServerAnswer.Text("busy", 500));
        using HttpReward reward = Make($"{server.Url}?key=hidden");
        RewardException exception = Fails(reward);
        Assert.Multiple(() =>
        {
            Assert.That(server.Requests, Is.EqualTo(5));
            Assert.That(exception.Reward, Is.EqualTo("service"));
            Assert.That(exception.Message, Is.EqualTo(
                $"The reward 'service' got no scores for 5 responses: {server.Url} answered 500 X (tries: 5). "
                + "Start or repair the service, or correct url, and run again or resume; on_failure: use_value would go on without it."));
        });
    }

    [Test]
    public void A_slow_answer_is_given_up_after_the_timeout()
    {
        var time = new ManualTime(Short);
        using var server = new RewardServer((_, _) =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return ServerAnswer.Nothing with { Hang = true };
        });
        using HttpReward reward = Make(server.Url, options => options with { Retries = 1 }, time);
        Assert.That(Fails(reward).Message, Does.Contain("gave no answer within 30 s (tries: 2)"));
    }

    [Test]
    public async Task The_breaker_spares_a_broken_service_and_notices_when_it_is_back()
    {
        var time = new ManualTime(Short);
        bool works = false;
        using var server = new RewardServer((_, body) => works ? RewardServer.Scores(body) : ServerAnswer.Text("no", 500));
        using HttpReward reward = Make(
            server.Url,
            options => options with { Retries = 1, BreakAfter = 4, BreakSeconds = 60, OnFailure = HttpFailureAction.UseValue, FailureValue = -3 },
            time);
        RewardBatch batch = RewardBatches.OfTexts("ab");
        for (int i = 0; i < 5; i++)
        {
            RewardResult failed = await reward.ScoreAsync(batch);
            Assert.That((failed.Scores[0], failed.Components["failed"][0]), Is.EqualTo((-3f, 1f)));
        }

        Assert.That(server.Requests, Is.EqualTo(4), "two batches with two tries each; the other three batches were not sent");
        works = true;
        time.Advance(TimeSpan.FromSeconds(61));
        RewardResult back = await reward.ScoreAsync(batch);
        Assert.That((back.Scores[0], back.Components["failed"][0]), Is.EqualTo(((float)RewardServer.Score("ab"), 0f)));
    }

    [Test]
    public async Task Where_a_failure_would_stop_the_run_retries_wait_for_the_breaker()
    {
        using var server = new RewardServer((number, body) => number < 2 ? ServerAnswer.Text("no", 500) : RewardServer.Scores(body));
        using HttpReward reward = Make(
            server.Url,
            options => options with { BreakAfter = 2, BreakSeconds = 10, RetryDelaySeconds = 0 },
            new ManualTime(TimeSpan.FromSeconds(20)));
        RewardResult result = await reward.ScoreAsync(RewardBatches.OfTexts("ab"));
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(new[] { (float)RewardServer.Score("ab") }));
            Assert.That(server.Requests, Is.EqualTo(3));
        });
    }

    [Test]
    public void Cancellation_ends_a_request_and_its_waiting()
    {
        using var source = new CancellationTokenSource();
        using var server = new RewardServer(async (_, _) =>
        {
            await source.CancelAsync();
            return ServerAnswer.Nothing with { Hang = true };
        });
        using HttpReward reward = Make(server.Url, options => options with { OnFailure = HttpFailureAction.UseValue });
        Assert.That(
            async () => await reward.ScoreAsync(RewardBatches.OfTexts(Texts), source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("""{"scores":[1,2,3,4]}""", "answered 4 entries in \"scores\", expected 5, one a row")]
    [TestCase("""{"scores":[1,2,3,4,5,6]}""", "answered 6 entries in \"scores\"")]
    [TestCase("""{"scores":[]}""", "answered 0 entries")]
    [TestCase("""{"scores":7}""", "answered \"scores\" that is no array")]
    [TestCase("""{"scores":null}""", "answered \"scores\" that is no array")]
    [TestCase("""{"scores":[1,2,null,4,5]}""", "answered null at scores[2], expected a finite number")]
    [TestCase("""{"scores":[1,2,"NaN",4,5]}""", "answered \"NaN\" at scores[2]")]
    [TestCase("""{"scores":[1,2,3,4,1e300]}""", "answered 1e300 at scores[4]")]
    [TestCase("""{"scores":[1,2,3,4,[5]]}""", "answered [5] at scores[4]")]
    [TestCase("""{"rewards":[1,2,3,4,5]}""", "without an object that has \"scores\"")]
    [TestCase("[1,2,3,4,5]", "without an object that has \"scores\"")]
    [TestCase("""{"scores":[1,2,3,4,5],"components":[1]}""", "\"components\" that is no JSON object")]
    [TestCase("""{"scores":[1,2,3,4,5],"components":{"a":[1]}}""", "answered 1 entries in \"components.a\", expected 5")]
    [TestCase("""{"scores":[1,2,3,4,5],"components":{"a b":[1,2,3,4,5]}}""", "a name that is taken or is not of letters")]
    [TestCase("""{"scores":[1,2,3,4,5],"components":{"failed":[1,2,3,4,5]}}""", "a name that is taken")]
    [TestCase("""{"scores":[1,2,3,4,5],"token_rewards":{}}""", "\"token_rewards\" that is no JSON array")]
    [TestCase("""{"scores":[1,2,3,4,5],"token_rewards":[[1]]}""", "answered 1 entries in \"token_rewards\", expected 5")]
    [TestCase("""{"scores":[1,2,3,4,5],"token_rewards":[[1,1,1],[],[],[],[]]}""", "0 entries in \"token_rewards[1]\", expected 5, one a token of the response")]
    public void An_answer_against_the_contract_is_named_and_not_asked_for_again(string answer, string says)
    {
        using var server = new RewardServer((_, _) => ServerAnswer.Text(answer));
        using HttpReward reward = Make(server.Url);
        RewardException exception = Fails(reward);
        Assert.Multiple(() =>
        {
            Assert.That(exception.Message, Does.Contain(says).And.Contain("HTTP.md").And.Contain("(tries: 1)"));
            Assert.That(server.Requests, Is.EqualTo(1));
        });
    }

    [TestCase("""{"scores":[1,2""", "are no JSON")]
    [TestCase("""{"scores":[NaN,2,3,4,5]}""", "are no JSON")]
    [TestCase("<html>gateway</html>", "are no JSON")]
    [TestCase("", "answered 0 bytes that are no JSON")]
    public void What_is_no_JSON_is_asked_for_again(string answer, string says)
    {
        using var server = new RewardServer((_, _) => ServerAnswer.Text(answer));
        using HttpReward reward = Make(server.Url);
        Assert.Multiple(() =>
        {
            Assert.That(Fails(reward).Message, Does.Contain(says));
            Assert.That(server.Requests, Is.EqualTo(5));
        });
    }

    [TestCase(301, "a redirect to http://169.254.169.254; redirects are not followed")]
    [TestCase(307, "a redirect to http://169.254.169.254; redirects are not followed")]
    [TestCase(401, "check the headers")]
    [TestCase(404, "check url")]
    [TestCase(422, "the service's log")]
    public void A_request_that_will_never_be_served_stops_the_run_whatever_the_options_say(int status, string says)
    {
        using var server = new RewardServer((_, _) =>
            ServerAnswer.Text("no", status, "Location: http://169.254.169.254/latest/meta-data?x=1\r\n"));
        using HttpReward reward = Make(server.Url, options => options with { OnFailure = HttpFailureAction.UseValue });
        Assert.Multiple(() =>
        {
            Assert.That(Fails(reward).Message, Does.Contain($"answered {status}").And.Contain(says).And.EndsWith("Then run again."));
            Assert.That(server.Requests, Is.EqualTo(1));
        });
    }

    [Test]
    public void An_answer_beyond_the_limit_is_not_read_to_its_end()
    {
        using var server = new RewardServer((_, _) => ServerAnswer.Text($$"""{"scores":[{{new string('1', 5000)}}]}"""));
        using HttpReward reward = Make(server.Url, options => options with { MaxAnswerBytes = 4000 });
        Assert.That(Fails(reward).Message, Does.Contain("answered with more than 4000 bytes: raise max_answer_bytes"));
    }

    [Test]
    public void A_secret_is_in_no_message()
    {
        Environment.SetEnvironmentVariable(Variable, Secret);
        using var server = new RewardServer((_, _) => ServerAnswer.Text(Secret, 401));
        using HttpReward reward = Make(
            server.Url, options => options with { Headers = new Dictionary<string, string> { ["Authorization"] = Variable } });
        Assert.Multiple(() =>
        {
            Assert.That(Fails(reward).ToString(), Does.Not.Contain(Secret));
            Assert.That(server.Received.Single().Head, Does.Contain(Secret), "but it was sent");
        });
    }

    [TestCase(null, "Authorization", "PROXIMAL_TEST_REWARD_SECRET, which holds the header Authorization of the reward service, is not set")]
    [TestCase("a\nb", "Authorization", "cannot be the header Authorization")]
    [TestCase("x", "Content-Type", "cannot be the header Content-Type")]
    [TestCase("x", "no header", "cannot be the header no header")]
    public void A_header_that_cannot_be_sent_is_named(string? value, string header, string says)
    {
        Environment.SetEnvironmentVariable(Variable, value);
        Assert.That(
            () => Make("http://127.0.0.1/", options => options with { Headers = new Dictionary<string, string> { [header] = Variable } }),
            Throws.ArgumentException.With.Message.Contains(says));
    }

    [Test]
    public async Task A_name_is_looked_up_and_checked_for_each_connection()
    {
        using var server = new RewardServer((_, body) => RewardServer.Scores(body));
        string url = $"http://rewards.example:{server.Port}/score";
        int lookups = 0;
        using HttpReward trusted = Make(url, options => options with { AllowPrivate = true }, resolve: Resolve);
        Assert.That((await trusted.ScoreAsync(RewardBatches.OfTexts(Texts))).Scores, Has.Length.EqualTo(5));
        Assert.That(lookups, Is.EqualTo(1), "what was checked is what was connected to");

        using HttpReward careful = Make(url, options => options with { OnFailure = HttpFailureAction.UseValue }, resolve: Resolve);
        Assert.That(
            Fails(careful).Message,
            Does.Contain("was not called: its host stands for 127.0.0.1, a loopback address").And.Contain("allow_private: true"));
        Assert.That(server.Requests, Is.EqualTo(1), "nothing was sent");

        Task<IPAddress[]> Resolve(string name, CancellationToken cancellationToken)
        {
            lookups++;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        }
    }

    [Test]
    public void One_private_address_among_public_ones_is_enough_to_refuse()
    {
        using HttpReward reward = Make(
            "http://rewards.example/", resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("203.0.113.5"), IPAddress.Parse("10.1.2.3")]));
        Assert.That(Fails(reward).Message, Does.Contain("10.1.2.3, a private address"));
    }

    [Test]
    public void A_name_that_nobody_knows_and_a_closed_port_are_told_apart()
    {
        using HttpReward unknown = Make(
            "http://rewards.example/", resolve: (_, _) => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound));
        using HttpReward closed = Make($"http://127.0.0.1:{RewardServer.ClosedPort()}/");
        Assert.Multiple(() =>
        {
            Assert.That(Fails(unknown).Message, Does.Contain("cannot be reached").And.Contain("(tries: 5)"));
            Assert.That(Fails(closed).Message, Does.Contain("cannot be reached: Connection refused (tries: 5)"));
        });
    }

    internal static HttpReward Make(
        string url,
        Func<HttpRewardOptions, HttpRewardOptions>? change = null,
        TimeProvider? time = null,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        var options = new HttpRewardOptions { Url = url, Name = "service", MaxRetryDelaySeconds = 4 };
        return new HttpReward(change?.Invoke(options) ?? options, time ?? new ManualTime(Short), resolve ?? Dns.GetHostAddressesAsync);
    }

    private static RewardException Fails(HttpReward reward) => Assert.ThrowsAsync<RewardException>(
        async () => await reward.ScoreAsync(RewardBatches.OfTexts(Texts)))!;
}
