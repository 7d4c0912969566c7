using System.Diagnostics;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Hub;
using Proximal.Models;
using Proximal.Tests.Cli;
using Proximal.Tests.Rewards;

namespace Proximal.Tests.Hub;

/// <summary>Pulling from a server that behaves: the layout of the cache, parts, resuming, filters, offline.</summary>
public sealed class HubPullTests : HubFixture
{
    [Test]
    public void The_cache_is_laid_out_as_huggingface_hub_does()
    {
        string snapshot = Pull();
        AssertWhole();
        Assert.Multiple(() =>
        {
            Assert.That(snapshot, Is.EqualTo(Snapshot));
            Assert.That(File.ReadAllText(Path.Combine(ModelFolder, "refs", "main")), Is.EqualTo(HubServer.Commit));
            Assert.That(Directory.GetFiles(Path.Combine(Cache, ".locks", "models--org--model"), "*.lock"), Has.Length.EqualTo(3));
            Assert.That(Server.Gets.Count(), Is.EqualTo(2 + 5), "two small files, five parts of a large one");
        });
    }

    [Test]
    public void What_is_there_is_not_asked_for_again()
    {
        Pull();
        int before = Server.Gets.Count();
        long done = 0;
        Pull(progress: progress => done = progress.DoneBytes);
        Assert.That(Server.Gets.Count(), Is.EqualTo(before));
        Assert.That(done, Is.EqualTo(Server.Files.Values.Sum(content => content.Length)));
    }

    [Test]
    public void A_beginning_that_is_there_is_gone_on_from()
    {
        byte[] content = Server.Files["model.safetensors"];
        Part("model.safetensors", content[..2300]);
        Pull();
        AssertWhole();
        Assert.That(
            Server.Gets.Where(get => get.Path.Contains("safetensors", StringComparison.Ordinal)).Select(get => get.Range!.Value.From).Order(),
            Is.EqualTo(new[] { 2300, 3300, 4300 }));
    }

    [TestCase(2300)]
    [TestCase(9000)]
    public void A_beginning_that_is_wrong_is_thrown_away(int length)
    {
        Part("model.safetensors", Content(length, 99));
        Pull();
        AssertWhole();
    }

    [Test]
    public void Branches_tags_and_commits_are_remembered_under_their_names()
    {
        Pull(model: "org/model@refs/pr/1");
        Pull(model: $"org/model@{HubServer.Commit}");
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(Path.Combine(ModelFolder, "refs", "refs", "pr", "1")), Is.EqualTo(HubServer.Commit));
            Assert.That(Server.Requests.Any(request => request.Path.EndsWith("/revision/refs%2Fpr%2F1", StringComparison.Ordinal)));
            Assert.That(File.Exists(Path.Combine(ModelFolder, "refs", HubServer.Commit)), Is.False);
            Assert.That(HubCache.Find(Cache, HubRepository.Parse("org/model@refs/pr/1")), Is.EqualTo(Snapshot));
            Assert.That(HubCache.Find(Cache, HubRepository.Parse("org/model")), Is.Null);
        });
    }

    [Test]
    public void Weights_of_other_frameworks_are_left_out_unless_asked_for()
    {
        Server.Files["pytorch_model.bin"] = Content(10, 2);
        List<string> notes = [];
        Pull(notes: notes);
        Assert.That(File.Exists(Path.Combine(Snapshot, "pytorch_model.bin")), Is.False);
        Assert.That(notes.Single(), Does.Contain("pytorch_model.bin").And.Contain("--include '*'"));
        Pull(include: ["*"]);
        Assert.That(File.Exists(Path.Combine(Snapshot, "pytorch_model.bin")));
    }

    [TestCase("*.json", "config.json,tokenizer/vocab.json")]
    [TestCase("tokenizer/", "tokenizer/vocab.json")]
    [TestCase("config.jso?", "config.json")]
    [TestCase("[a-c]*.json", "config.json")]
    [TestCase("[!c]*", "model.safetensors,tokenizer/vocab.json")]
    public void Patterns_choose_files(string pattern, string files) =>
        Assert.That(string.Join(',', new HubFilter([pattern], []).Choose([.. Server.Files.Keys]).Wanted.Order(StringComparer.Ordinal)), Is.EqualTo(files));

    [Test]
    public void A_server_that_gives_no_parts_is_read_from_the_beginning()
    {
        Part("model.safetensors", Server.Files["model.safetensors"][..2300]);
        Server.Intercept = request => request.Range is null ? null : Server.Answer(request with { Headers = new Dictionary<string, string>() });
        Pull();
        AssertWhole();
    }

    [Test]
    public void Offline_nothing_is_asked_for()
    {
        HubSettings offline = Settings() with { Offline = true };
        AssertRefused(offline, "org/model", "pull it once with the network");
        Pull();
        int before = Server.Requests.Count;
        Assert.That(Pull(offline), Is.EqualTo(Snapshot));
        Assert.That(Server.Requests, Has.Count.EqualTo(before));
    }

    [Test]
    public void Progress_ends_at_all_bytes_and_files()
    {
        var last = default(HubProgress);
        var gate = new Lock();
        int broken = 0;
        Server.Intercept = request => request.Range is { From: 2000 } && Interlocked.Increment(ref broken) == 1 ? Server.Answer(request).Cut(10) : null;
        Pull(progress: progress =>
        {
            lock (gate)
            {
                last = progress.DoneFiles >= last.DoneFiles ? progress : last;
            }
        });
        long total = Server.Files.Values.Sum(content => content.Length);
        Assert.That(last, Is.EqualTo(new HubProgress(total, total, 3, 3)));
    }

    [Test]
    public void Two_pulls_at_once_download_each_file_once()
    {
        Task.WaitAll(Task.Run(() => Pull()), Task.Run(() => Pull()));
        AssertWhole();
        Assert.That(Server.Gets.Count(), Is.EqualTo(2 + 5));
    }

    [Test]
    public void A_pulled_model_is_found_by_its_name_in_other_commands_and_in_yaml()
    {
        using var tiny = new TinyFolder();
        Server.Files.Clear();
        foreach (string file in Directory.GetFiles(tiny.Model))
        {
            Server.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        }

        CliRun before = Child(["info", "org/model", "--no-load"]);
        CliRun pull = Child(["pull", "org/model", "--endpoint", Server.Url]);
        CliRun after = Child(["info", "org/model", "--json"]);
        CliRun rows = Child(["tokenize", "--model", "org/model@main", "--input", "-"], "{\"text\": \"a\"}\n");
        File.WriteAllText(Folder["sft.yaml"], $"model: org/missing\noutput: {Folder["run"]}\ndata: {{path: {Folder["rows.jsonl"]}}}\n");
        File.WriteAllText(Folder["rows.jsonl"], "{\"prompt\": \"a\", \"response\": \"b\"}\n");
        CliRun yaml = Child(["sft", "-c", Folder["sft.yaml"]]);
        Assert.Multiple(() =>
        {
            Assert.That(before.Code, Is.EqualTo(3));
            Assert.That(before.Error, Does.Contain("pull it first: proximal pull org/model"));
            Assert.That(pull.Code, Is.Zero, pull.Error);
            Assert.That(pull.Output, Is.EqualTo(Snapshot + "\n"));
            Assert.That(after.Code, Is.Zero, after.Error);
            Assert.That(after.Rows[0].GetProperty("supported").GetString(), Is.EqualTo("yes"));
            Assert.That(rows.Code, Is.Zero, rows.Error);
            Assert.That(yaml.Code, Is.EqualTo(3), yaml.Error);
            Assert.That(yaml.Error, Does.Contain("missing does not exist").And.Contain("proximal pull ORG/NAME"));
        });
    }

    [Test]
    public void An_adapter_finds_its_base_model_by_the_name_that_it_has_on_the_hub()
    {
        string golden = Interop.Tool.InRepository("tests", "golden", "models");
        Server.Files.Clear();
        foreach (string file in (string[])["config.json", "model.safetensors"])
        {
            Server.Files[file] = File.ReadAllBytes(Path.Combine(golden, "llama", file));
        }

        string adapter = Folder["adapter"];
        Directory.CreateDirectory(adapter);
        File.Copy(Path.Combine(golden, "llama-lora", "adapter_model.safetensors"), Path.Combine(adapter, "adapter_model.safetensors"));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "llama-lora", "adapter_config.json")))!;
        config["base_model_name_or_path"] = "org/model";
        File.WriteAllText(Path.Combine(adapter, "adapter_config.json"), config.ToJsonString());
        CliRun before = Child(["convert", adapter, "-o", Folder["merged"]]);
        Assert.That(Child(["pull", "org/model", "--endpoint", Server.Url]).Code, Is.Zero);
        CliRun after = Child(["convert", adapter, "-o", Folder["merged"]]);
        Assert.That(before.Code, Is.EqualTo(3));
        Assert.That(before.Error, Does.Contain("org/model"));
        Assert.That(after.Code, Is.Zero, after.Error);
        using var engine = new Engine();
        using LanguageModel merged = LanguageModel.Load(engine, Folder["merged"]);
        using LanguageModel expected = LanguageModel.Load(engine, Path.Combine(golden, "llama-lora"));
        Assert.That(merged.ReadTensor("model.layers.0.self_attn.q_proj.weight"), Is.EqualTo(expected.ReadTensor("model.layers.0.self_attn.q_proj.weight")));
    }

    /// <summary>SIGKILL in the middle of a file; the next pull asks for the rest alone.</summary>
    [Test]
    public void A_pull_that_was_killed_goes_on_where_it_ended()
    {
        Server.Files["model.safetensors"] = Content(40 << 20, 3);
        var half = new TaskCompletionSource();
        Server.Intercept = request =>
        {
            if (request.Range is { From: >= 24 << 20 })
            {
                half.TrySetResult();
                return Server.Answer(request) with { Hang = true, Bytes = Server.Answer(request).Bytes[..5000] };
            }

            return null;
        };
        using (Process killed = Start(["pull", "org/model", "--endpoint", Server.Url]))
        {
            Assert.That(half.Task.Wait(TimeSpan.FromSeconds(60)));
            string part = Path.Combine(ModelFolder, "blobs", HubServer.HashOf("model.safetensors", Server.Files["model.safetensors"]) + ".incomplete");
            Assert.That(() => File.Exists(part) ? new FileInfo(part).Length : 0, Is.EqualTo(24 << 20).After(30_000, 50));
            killed.Kill();
            killed.WaitForExit();
        }

        Assert.That(File.Exists(Path.Combine(ModelFolder, "refs", "main")), Is.False);
        Server.Intercept = _ => null;
        Server.Requests.Clear();
        CliRun again = Child(["pull", "org/model", "--endpoint", Server.Url]);
        Assert.That(again.Code, Is.Zero, again.Error);
        AssertWhole();
        Assert.That(
            Server.Gets.Where(get => get.Path.Contains("safetensors", StringComparison.Ordinal)).Select(get => get.Range!.Value.From).Order(),
            Is.EqualTo(new[] { 24 << 20, 32 << 20 }));
    }

    private void Part(string name, byte[] bytes)
    {
        string blobs = Path.Combine(ModelFolder, "blobs");
        Directory.CreateDirectory(blobs);
        File.WriteAllBytes(Path.Combine(blobs, HubServer.HashOf(name, Server.Files[name]) + ".incomplete"), bytes);
    }

    /// <summary>A command in a process of its own: the cache is where an environment variable says.</summary>
    private Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Proximal.Cli.ExitCode).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["HF_HUB_CACHE"] = Cache;
        start.Environment["HF_TOKEN"] = Secret;
        return Process.Start(start)!;
    }

    private CliRun Child(string[] arguments, string input = "")
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CliRun(process.ExitCode, output, error.Result);
    }
}
