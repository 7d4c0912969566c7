using NUnit.Framework;
using Proximal.Tests.Rewards;

namespace Proximal.Tests.Cli;

/// <summary>A reward service that gives no scores: `proximal ppo` and `proximal eval` say which one, why, and what to do.</summary>
public sealed class BadServiceTests
{
    private const string Fix = "Start or repair the service, or correct url, and run again or resume";

    private static readonly (string Name, ServerAnswer Answer, string[] Says)[] Table =
    [
        ("an error", ServerAnswer.Text("oops", 500), ["answered 500", Fix]),
        ("a busy service", ServerAnswer.Text("busy", 503), ["answered 503", Fix]),
        ("too many requests", ServerAnswer.Text("later", 429), ["answered 429", Fix]),
        ("no such path", ServerAnswer.Text("no", 404), ["answered 404", "check url"]),
        ("no such method", ServerAnswer.Text("no", 405), ["answered 405", "check url"]),
        ("no permission", ServerAnswer.Text("no", 401), ["answered 401", "check the headers"]),
        ("no entry", ServerAnswer.Text("no", 403), ["answered 403", "check the headers"]),
        ("a request that it does not understand", ServerAnswer.Text("no", 422), ["answered 422", "the service's log"]),
        ("a redirect", ServerAnswer.Text("", 302, "Location: http://169.254.169.254/\r\n"), ["answered 302", "redirects are not followed"]),
        ("a page", ServerAnswer.Text("<html>gateway</html>"), ["are no JSON", Fix]),
        ("nothing", ServerAnswer.Text(""), ["answered 0 bytes that are no JSON", Fix]),
        ("half an answer", ServerAnswer.Text("{\"scores\":[1,2]}").Cut(4), ["cannot be reached", Fix]),
        ("a closed connection", ServerAnswer.Nothing, ["cannot be reached", Fix]),
        ("no scores", ServerAnswer.Text("{\"rewards\":[1,2]}"), ["without an object that has \"scores\"", "HTTP.md"]),
        ("too few scores", ServerAnswer.Text("{\"scores\":[1]}"), ["answered 1 entries in \"scores\", expected 2", "HTTP.md"]),
        ("a score that is a word", ServerAnswer.Text("{\"scores\":[1,\"good\"]}"), ["answered \"good\" at scores[1], expected a finite number", "HTTP.md"]),
        ("a score that is null", ServerAnswer.Text("{\"scores\":[null,1]}"), ["answered null at scores[0], expected a finite number", "HTTP.md"]),
        ("an infinite score", ServerAnswer.Text("{\"scores\":[1,1e999]}"), ["answered 1e999 at scores[1], expected a finite number", "HTTP.md"]),
        ("components of another length", ServerAnswer.Text("{\"scores\":[1,2],\"components\":{\"tone\":[1]}}"), ["answered 1 entries in \"components.tone\", expected 2", "HTTP.md"]),
        ("a component without a name", ServerAnswer.Text("{\"scores\":[1,2],\"components\":{\"\":[1,2]}}"), ["a name that is taken or is not of letters", "HTTP.md"]),
        ("token rewards of another length", ServerAnswer.Text("{\"scores\":[1,2],\"token_rewards\":[[1,1,1,1,1,1],[1]]}"), ["entries in \"token_rewards[0]\"", "one a token of the response"]),
        ("an answer without end", ServerAnswer.Text(new string(' ', 5000)), ["answered with more than 4096 bytes", "raise max_answer_bytes"]),
        ("a service that hangs", ServerAnswer.Nothing with { Hang = true }, ["gave no answer within 0.3 s", Fix]),
    ];

    private static IEnumerable<string> Names => Table.Select(row => row.Name);

    [TestCaseSource(nameof(Names))]
    public void A_service_without_scores_ends_the_run_with_what_to_do(string name)
    {
        (_, ServerAnswer answer, string[] says) = Table.Single(row => row.Name == name);
        using var server = new RewardServer((_, _) => answer);
        using TinyFolder folder = BadRun.CreateFolder();
        string[] all = [$"The reward 'grader' got no scores for 2 responses, the first to prompt prompts.jsonl:", server.Url, .. says];
        BadRun.Check(new BadInput(name, 4, tiny => BadRun.With(tiny, "ppo", "{type: repetition}", Reward(server.Url)), all), folder);
    }

    [TestCase("http://127.0.0.1:{closed}/", "cannot be reached", Fix)]
    [TestCase("http://absent.invalid/", "absent.invalid", Fix)]
    public void A_service_that_is_not_there_is_named(string url, params string[] says)
    {
        string address = url.Replace("{closed}", $"{RewardServer.ClosedPort()}", StringComparison.Ordinal);
        using TinyFolder folder = BadRun.CreateFolder();
        BadRun.Check(new BadInput(url, 4, tiny => BadRun.With(tiny, "ppo", "{type: repetition}", Reward(address)), says), folder);
    }

    [Test]
    public void An_evaluation_names_the_service_too()
    {
        using var server = new RewardServer((_, _) => ServerAnswer.Text("oops", 500));
        using TinyFolder folder = BadRun.CreateFolder();
        BadRun.Check(
            new BadInput("eval", 4, tiny => BadRun.With(tiny, "eval", "{type: length}", Reward(server.Url)), "The reward 'grader' got no scores", server.Url, "answered 500", Fix),
            folder);
    }

    private static string Reward(string url) =>
        $"{{type: http, name: grader, url: '{url}', retries: 0, timeout_seconds: 0.3, max_answer_bytes: 4096}}";
}
