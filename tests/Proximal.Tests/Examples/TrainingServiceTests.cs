using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Cli;

namespace Proximal.Tests.Examples;

/// <summary>The service that trains in the background, as somebody who calls it sees it.</summary>
public sealed class TrainingServiceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private string _folder = string.Empty;
    private Process? _service;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory("service").FullName;

    [TearDown]
    public void Delete()
    {
        if (_service is { HasExited: false })
        {
            _service.Kill();
            _service.WaitForExit();
        }

        _service?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task It_streams_its_steps_tells_stories_and_goes_on_after_a_stop()
    {
        int seen;
        using (HttpClient client = Start(steps: 1000))
        {
            // The stream stays open: a reader does not keep the service from stopping.
            using StreamReader steps = await StepsAsync(client);
            JsonElement first = await NextAsync(steps);
            JsonElement second = await NextAsync(steps);
            Assert.Multiple(() =>
            {
                Assert.That(first.GetProperty("number").GetInt32(), Is.EqualTo(1));
                Assert.That(first.GetProperty("of").GetInt32(), Is.EqualTo(1000));
                Assert.That(second.GetProperty("number").GetInt32(), Is.EqualTo(2));
                Assert.That(second.GetProperty("reward").GetDouble(), Is.InRange(0, 4));
            });
            Assert.That(await client.GetStringAsync("/health"), Is.EqualTo("Healthy"));
            JsonElement story = await StoryAsync(client);
            Assert.That(story.GetProperty("model").GetString(), Is.EqualTo("base"));
            Assert.That(story.GetProperty("text").GetString(), Does.StartWith("Once upon a time").And.Length.GreaterThan(20));
            Stop();
            seen = Checkpoints().Max();
            Assert.That(seen, Is.GreaterThanOrEqualTo(2));
        }

        using (HttpClient client = Start(steps: 1000))
        {
            using StreamReader steps = await StepsAsync(client);
            Assert.That((await NextAsync(steps)).GetProperty("number").GetInt32(), Is.EqualTo(seen + 1), "the run goes on");
            Stop();
        }
    }

    [Test]
    public async Task The_trained_model_answers_when_the_run_is_finished()
    {
        using HttpClient client = Start(steps: 2);
        using (StreamReader steps = await StepsAsync(client))
        {
            string all = await steps.ReadToEndAsync();
            Assert.That(all.Split("event: step").Length - 1, Is.EqualTo(2), all);
        }

        Assert.That((await StoryAsync(client)).GetProperty("model").GetString(), Is.EqualTo("trained"));
        Stop();
    }

    [Test]
    public async Task Errors_are_problem_details()
    {
        using HttpClient client = Start(steps: 1000);
        await RefusedAsync(client, """{"prompt":" "}""", "prompt");
        await RefusedAsync(client, """{"prompt":"a","maxNewTokens":0}""", "maxNewTokens");
        await RefusedAsync(client, $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("word ", 600))}}"}""", "prompt");
        await RefusedAsync(client, "no JSON", field: null);
        using HttpResponseMessage missing = await client.GetAsync(new Uri("/nowhere", UriKind.Relative));
        Assert.That((missing.StatusCode, missing.Content.Headers.ContentType!.MediaType), Is.EqualTo((HttpStatusCode.NotFound, "application/problem+json")));
        Stop();
    }

    private HttpClient Start(int steps)
    {
        _service = ExampleProcess.Start(
            "TrainingService", "--urls", "http://127.0.0.1:0", "--Training:Folder", _folder, "--Training:Steps", $"{steps}", "--Training:PromptsPerStep", "4");
        const string Listening = "Now listening on: ";
        while (_service.StandardOutput.ReadLine() is { } line)
        {
            if (line.Contains(Listening, StringComparison.Ordinal))
            {
                return new HttpClient { BaseAddress = new Uri(line.Split(Listening)[1]), Timeout = Patience };
            }
        }

        throw new AssertionException($"The service did not start: {_service.StandardError.ReadToEnd()}");
    }

    private void Stop()
    {
        CliProcess.Signal(_service!, "TERM");
        CliRun run = CliProcess.End(_service!);
        Assert.That(run.Code, Is.Zero, run.Output + run.Error);
    }

    private static async Task<StreamReader> StepsAsync(HttpClient client) =>
        new(await client.GetStreamAsync(new Uri("/metrics", UriKind.Relative)), Encoding.UTF8);

    private static async Task<JsonElement> NextAsync(StreamReader steps)
    {
        using var impatience = new CancellationTokenSource(Patience);
        while (await steps.ReadLineAsync(impatience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonElement.Parse(line["data: ".Length..]);
            }
        }

        throw new AssertionException("The stream of steps has ended.");
    }

    private static async Task<JsonElement> StoryAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync(new Uri("/generate", UriKind.Relative), new { prompt = "Once upon a time", maxNewTokens = 20 });
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task RefusedAsync(HttpClient client, string body, string? field)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("/generate", UriKind.Relative), content);
        JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Multiple(() =>
        {
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), body);
            Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/problem+json"));
            Assert.That(field is null || problem.GetProperty("errors").TryGetProperty(field, out _), Is.True, problem.ToString());
        });
    }

    /// <summary>The steps that have a checkpoint.</summary>
    private IEnumerable<int> Checkpoints() =>
        Directory.GetDirectories(Path.Combine(_folder, "run", "checkpoints"), "step-*")
            .Select(folder => int.Parse(Path.GetFileName(folder)["step-".Length..], null));
}
