using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Hub;
using Proximal.Tests.Models;
using Proximal.Tests.Rewards;

namespace Proximal.Tests.Hub;

/// <summary>Servers that refuse, fail, lie or attack: what is told, what is kept, and where the token goes.</summary>
public sealed class HubRefusalTests : HubFixture
{
    [TestCase(401, "", "401", "set HF_TOKEN")]
    [TestCase(403, "", "403", "may not be read")]
    [TestCase(403, "X-Error-Code: GatedRepo\r\n", "is gated", "accept its conditions at http://127.0.0.1", "/org/model with your account")]
    [TestCase(401, "X-Error-Code: GatedRepo\r\n", "is gated", "accept its conditions")]
    [TestCase(404, "X-Error-Code: RepoNotFound\r\n", "there is no org/model", "check name and revision")]
    [TestCase(404, "X-Error-Code: RevisionNotFound\r\n", "no revision 'main'")]
    [TestCase(418, "X-Error-Message: short and stout\r\n", "418", "short and stout")]
    public void Refusals_say_what_to_do_and_are_not_repeated(int status, string headers, params string[] texts)
    {
        Server.Intercept = _ => HubServer.Status(status, headers);
        AssertRefused(Settings(), texts);
        Assert.That(Server.Requests, Has.Count.EqualTo(1));
    }

    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    [TestCase(408)]
    public void Passing_failures_are_tried_again(int status)
    {
        int failures = 0;
        Server.Intercept = request => request.Path.Contains("/resolve/", StringComparison.Ordinal) && request.Method == "GET" && Interlocked.Increment(ref failures) <= 2 ? HubServer.Status(status) : null;
        Pull();
        AssertWhole();
    }

    [Test]
    public void Failures_that_go_on_end_the_pull_and_keep_what_came()
    {
        Server.Intercept = request => request.Range is { From: >= 3000 } ? HubServer.Status(503) : null;
        AssertRefused(Settings(), "503", "try again later");
        Server.Intercept = _ => null;
        Server.Requests.Clear();
        Pull();
        AssertWhole();
        Assert.That(Server.Gets.Select(get => get.Range?.From ?? 0), Is.All.AnyOf(3000, 4000));
    }

    [Test]
    public void Retry_after_is_honoured()
    {
        var time = new ManualTime(TimeSpan.FromMinutes(1));
        int asked = 0;
        Server.Intercept = _ => Interlocked.Increment(ref asked) == 1 ? HubServer.Status(429, "Retry-After: 7\r\n") : null;
        Run(time, Settings() with { Stall = TimeSpan.FromMinutes(10) });
        Assert.That(time.Skipped, Does.Contain(TimeSpan.FromSeconds(7)));
    }

    [Test]
    public void A_pause_that_is_too_long_is_not_made()
    {
        Server.Intercept = _ => HubServer.Status(429, "Retry-After: 86400\r\n");
        AssertRefused(Settings(), "429", "fewer requests");
        Assert.That(Server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public void Dropped_connections_are_tried_again()
    {
        int dropped = 0;
        Server.Intercept = request => request.Method == "GET" && Interlocked.Increment(ref dropped) % 2 == 1
            ? dropped % 4 == 1 ? ServerAnswer.Nothing : Server.Answer(request).Cut(Math.Min(7, Server.Answer(request).Bytes.Length))
            : null;
        Pull(Settings() with { Retries = 8, Connections = 1 });
        AssertWhole();
    }

    [Test]
    public void A_server_that_is_not_there_is_named()
    {
        HubSettings settings = Settings() with { Endpoint = new Uri($"http://127.0.0.1:{RewardServer.ClosedPort()}") };
        AssertRefused(settings, "cannot be reached", "127.0.0.1", "HF_ENDPOINT");
    }

    [Test]
    public void A_server_that_stands_still_is_left()
    {
        Server.Intercept = request => request.Method == "GET" && request.Path.Contains("config", StringComparison.Ordinal) ? Server.Answer(request).Cut(5) with { Hang = true } : null;
        AssertRefused(Settings() with { Stall = TimeSpan.FromMilliseconds(200), Retries = 1 }, "nothing came for");
    }

    [TestCase("config.json")]
    [TestCase("model.safetensors")]
    public void A_wrong_checksum_keeps_nothing(string name)
    {
        byte[] other = [.. Server.Files[name]];
        other[^1] ^= 1;
        Server.Intercept = request => request.Method == "GET" && request.Path.EndsWith(name, StringComparison.Ordinal) ? HubServer.File(request, "x", other) : null;
        AssertRefused(Settings(), name, "has not the hash that the hub names");
        Assert.Multiple(() =>
        {
            string blob = Path.Combine(ModelFolder, "blobs", HubServer.HashOf(name, Server.Files[name]));
            Assert.That(File.Exists(blob), Is.False);
            Assert.That(File.Exists(blob + ".incomplete"), Is.False);
            Assert.That(Directory.Exists(Snapshot), Is.False);
            Assert.That(File.Exists(Path.Combine(ModelFolder, "refs", "main")), Is.False);
        });
    }

    [Test]
    public void Lengths_that_lie_are_noticed()
    {
        byte[] content = Server.Files["config.json"];
        string hash = HubServer.HashOf("config.json", content);
        foreach (int announced in (int[])[content.Length - 3, content.Length + 3])
        {
            Server.Intercept = request => request.Method == "HEAD" && request.Path.EndsWith("config.json", StringComparison.Ordinal)
                ? HubServer.Status(200, $"ETag: \"{hash}\"\r\nX-Linked-Size: {announced}\r\n")
                : null;
            AssertRefused(Settings() with { Retries = 1 }, "config.json", announced < content.Length ? "goes on beyond" : $"of {announced} bytes");
        }
    }

    [Test]
    public void A_body_without_end_is_left_where_it_may_end()
    {
        byte[] endless = [.. Encoding.ASCII.GetBytes("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n"), .. new byte[1 << 20]];
        Server.Intercept = request => request.Method == "GET" && request.Path.EndsWith("config.json", StringComparison.Ordinal) ? new ServerAnswer(endless, Hang: true) : null;
        AssertRefused(Settings(), "config.json", "goes on beyond");
    }

    [Test]
    public void A_file_that_no_disk_holds_is_refused_before_it_is_asked_for()
    {
        Server.Intercept = request => request.Method == "HEAD" ? HubServer.Status(200, $"ETag: \"{new string('a', 64)}\"\r\nX-Linked-Size: {1L << 43}\r\n") : null;
        AssertRefused(Settings(), "GB of room", "HF_HUB_CACHE");
        Assert.That(Server.Gets, Is.Empty);
    }

    [TestCase("../escape")]
    [TestCase("a/../../escape")]
    [TestCase("/etc/passwd")]
    [TestCase("C:/windows")]
    [TestCase("c:evil")]
    [TestCase("a\\..\\b")]
    [TestCase("nul")]
    [TestCase("sub/COM1.txt")]
    [TestCase("a\u0000b")]
    [TestCase("a//b")]
    [TestCase("./a")]
    [TestCase("ends./x")]
    [TestCase("")]
    [TestCase("config.json/x")]
    public void Names_that_lead_out_are_refused_and_nothing_is_written(string name)
    {
        Server.Files[name] = [1];
        HubException refusal = Assert.Throws<HubException>(() => Pull())!;
        Assert.Multiple(() =>
        {
            Assert.That(refusal.Status, Is.EqualTo(ProximalStatus.CorruptData));
            Assert.That(Server.Requests, Has.Count.EqualTo(1));
            Assert.That(Directory.Exists(Cache), Is.False);
        });
    }

    [Test]
    public void A_link_in_the_place_of_a_folder_is_not_followed()
    {
        string outside = Folder["outside"];
        Directory.CreateDirectory(outside);
        Directory.CreateDirectory(Snapshot);
        Directory.CreateSymbolicLink(Path.Combine(Snapshot, "tokenizer"), outside);
        AssertRefused(Settings(), "is a link, where the cache has a folder");
        Assert.That(Directory.GetFileSystemEntries(outside), Is.Empty);
    }

    [TestCase("""{"sha": "main", "siblings": []}""", "'sha' is no commit")]
    [TestCase("""{"sha": "../../../../../../../../../../../../etc/", "siblings": []}""", "'sha' is no commit")]
    [TestCase("<html>", "it is no JSON")]
    [TestCase("[]", "'sha' is no commit")]
    [TestCase("""{"sha": "0123456789abcdef0123456789abcdef01234567"}""", "'siblings' is no list")]
    public void An_answer_that_is_no_hubs_is_refused(string body, string text)
    {
        Server.Intercept = _ => ServerAnswer.Text(body);
        AssertRefused(Settings(), text, "HF_ENDPOINT");
    }

    [TestCase("ETag: \"../../evil\"\r\nContent-Length: 3\r\n", "neither a sha256 nor git's hash")]
    [TestCase("Content-Length: 3\r\n", "no ETag")]
    public void Headers_that_are_no_hubs_are_refused(string headers, string text)
    {
        Server.Intercept = request => request.Method == "HEAD" ? new ServerAnswer(Encoding.ASCII.GetBytes($"HTTP/1.1 200 X\r\n{headers}Connection: close\r\n\r\n")) : null;
        AssertRefused(Settings(), text);
    }

    [Test]
    public void The_token_goes_to_the_endpoint_and_to_no_host_that_it_redirects_to()
    {
        using var other = new HubServer();
        foreach ((string name, byte[] content) in Server.Files)
        {
            other.Files[name] = content;
        }

        Server.Intercept = request => HubServer.IsLarge(request.Path)
            ? HubServer.Status(302, $"Location: {other.Url}{request.Path}?X-Signature=signed\r\nX-Linked-Etag: \"{HubServer.HashOf("model.safetensors", Server.Files["model.safetensors"])}\"\r\nX-Linked-Size: 5000\r\n")
            : null;
        Pull(Settings() with { Token = Secret });
        AssertWhole();
        Assert.Multiple(() =>
        {
            Assert.That(Server.Requests.Select(request => request.Authorization), Is.All.EqualTo($"Bearer {Secret}"));
            Assert.That(other.Requests, Has.Count.EqualTo(5));
            Assert.That(other.Requests.Select(request => request.Authorization), Is.All.Null);
            Assert.That(Directory.GetFiles(Cache, "*", SearchOption.AllDirectories).Any(file => File.ReadAllText(file).Contains(Secret, StringComparison.Ordinal)), Is.False);
        });
    }

    [Test]
    public void A_model_that_moved_is_followed_on_the_same_host_with_the_token()
    {
        Server.Intercept = request => request.Path.Contains("old/", StringComparison.Ordinal) ? HubServer.Status(307, $"Location: {request.Path.Replace("old/model", "org/model", StringComparison.Ordinal)}\r\n") : null;
        string snapshot = Pull(Settings() with { Token = Secret }, "old/model");
        Assert.That(File.ReadAllBytes(Path.Combine(snapshot, "model.safetensors")), Is.EqualTo(Server.Files["model.safetensors"]));
        Assert.That(Server.Requests.Select(request => request.Authorization), Is.All.EqualTo($"Bearer {Secret}"));
    }

    [TestCase("ftp://127.0.0.1/x")]
    [TestCase("http://user:password@127.0.0.1/x")]
    [TestCase("file:///etc/passwd")]
    public void Redirects_to_other_kinds_of_addresses_are_not_followed(string location)
    {
        Server.Intercept = _ => HubServer.Status(302, $"Location: {location}\r\n");
        HubException refusal = AssertRefused(Settings(), "not followed");
        Assert.That(refusal.Message, Does.Not.Contain("password"));
    }

    [Test]
    public void Redirects_without_end_are_left()
    {
        Server.Intercept = request => HubServer.Status(302, $"Location: {request.Path}\r\n");
        AssertRefused(Settings(), "redirects");
    }

    [TestCase(403)]
    [TestCase(500)]
    public void A_token_that_the_server_repeats_is_not_shown(int status)
    {
        Server.Intercept = request => HubServer.Status(status, $"X-Error-Message: you sent {request.Authorization}\r\n");
        AssertRefused(Settings() with { Token = Secret, Retries = 1 }, "you sent Bearer ***");
    }

    [Test]
    public void A_file_that_is_listed_and_not_there_is_remembered_as_missing()
    {
        Server.Intercept = request => request.Path.EndsWith("config.json", StringComparison.Ordinal) ? HubServer.Status(404, "X-Error-Code: EntryNotFound\r\n") : null;
        AssertRefused(Settings(), "is listed and not there");
        Assert.That(File.Exists(Path.Combine(ModelFolder, ".no_exist", HubServer.Commit, "config.json")));
    }

    [TestCase("a/b/c")]
    [TestCase("../model")]
    [TestCase("org/..")]
    [TestCase("org/-model")]
    [TestCase("org/a--b")]
    [TestCase("org/model@../../x")]
    [TestCase("org/model@")]
    [TestCase("org/model@a\nb")]
    [TestCase("https://huggingface.co/org/model")]
    [TestCase("")]
    public void Names_that_are_no_models_are_refused(string text) =>
        Assert.That(() => HubRepository.Parse(text), Throws.ArgumentException.With.Message.Contains("expected ORG/NAME"));

    [Test]
    public void The_environment_is_that_of_huggingface_hub()
    {
        Directory.CreateDirectory(Folder["home"]);
        File.WriteAllText(Folder["home", "token"], Secret + "\n");
        Dictionary<string, string> variables = new() { ["HF_HOME"] = Folder["home"], ["HF_ENDPOINT"] = "https://mirror.example/hf/", ["HF_HUB_OFFLINE"] = "1" };
        HubSettings settings = HubSettings.Read(null, variables.GetValueOrDefault);
        HubSettings named = HubSettings.Read("http://127.0.0.1:1", name => name switch { "HF_HUB_CACHE" => Folder["c"], "HF_TOKEN" => "other", "HF_HOME" => Folder["home"], _ => null });
        Assert.Multiple(() =>
        {
            Assert.That(settings.Cache, Is.EqualTo(Path.GetFullPath(Folder["home", "hub"])));
            Assert.That(settings.Endpoint.AbsoluteUri, Is.EqualTo("https://mirror.example/hf"));
            Assert.That(settings.Token, Is.EqualTo(Secret));
            Assert.That(settings.Offline);
            Assert.That(settings.ToString(), Does.Not.Contain(Secret));
            Assert.That(named.Cache, Is.EqualTo(Path.GetFullPath(Folder["c"])));
            Assert.That(named.Token, Is.EqualTo("other"));
            Assert.That(named.Endpoint.Port, Is.EqualTo(1));
        });
    }

    [TestCase("ftp://x", null)]
    [TestCase("https://user:pw@host", null)]
    [TestCase(null, "two words")]
    [TestCase(null, "line\nline")]
    public void Settings_that_cannot_be_used_are_refused_without_showing_secrets(string? endpoint, string? token)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => HubSettings.Read(endpoint, name => name switch { "HF_TOKEN" => token, "HF_HOME" => Folder["home"], _ => null }))!;
        Assert.That(refusal.Message, Does.Not.Contain("pw@").And.Not.Contain("two words").And.Not.Contain("line\n"));
    }

    private static void Run(TimeProvider time, HubSettings settings) =>
        new HubPull(settings, HubRepository.Parse("org/model"), new HubFilter([], []), time).RunAsync(_ => { }, _ => { }, CancellationToken.None).GetAwaiter().GetResult();
}
