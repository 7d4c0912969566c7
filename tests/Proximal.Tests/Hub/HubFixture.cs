using NUnit.Framework;
using Proximal.Hub;
using Proximal.Tests.Models;

namespace Proximal.Tests.Hub;

/// <summary>A hub and an empty cache for each test.</summary>
public abstract class HubFixture
{
    private protected const string Secret = "hf_verysecrettoken0123456789";

    private protected HubServer Server { get; private set; } = null!;

    private protected TemporaryFolder Folder { get; private set; } = null!;

    private protected string Cache => Folder["cache"];

    private protected string ModelFolder => Path.Combine(Cache, "models--org--model");

    private protected string Snapshot => Path.Combine(ModelFolder, "snapshots", HubServer.Commit);

    [SetUp]
    public void StartServer()
    {
        Server = new HubServer();
        Folder = new TemporaryFolder();
        Server.Files["config.json"] = "{\"model_type\": \"llama\"}"u8.ToArray();
        Server.Files["tokenizer/vocab.json"] = "{}"u8.ToArray();
        Server.Files["model.safetensors"] = Content(5000, 1);
    }

    [TearDown]
    public void StopServer()
    {
        Server.Dispose();
        Folder.Dispose();
    }

    private protected static byte[] Content(int length, int seed)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    /// <summary>Parts of 1000 bytes, and no time between tries.</summary>
    private protected HubSettings Settings() => new()
    {
        Endpoint = new Uri(Server.Url),
        Cache = Cache,
        ChunkBytes = 1000,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        Retries = 3,
        Stall = TimeSpan.FromSeconds(20),
    };

    private protected string Pull(HubSettings? settings = null, string model = "org/model", string[]? include = null, Action<HubProgress>? progress = null, List<string>? notes = null, CancellationToken cancellation = default) =>
        new HubPull(settings ?? Settings(), HubRepository.Parse(model), new HubFilter(include ?? [], []))
            .RunAsync(progress ?? (_ => { }), note => notes?.Add(note), cancellation).GetAwaiter().GetResult();

    /// <summary>Fails unless pulling fails with all these in the message, and never the token.</summary>
    private protected HubException AssertRefused(HubSettings settings, params string[] texts)
    {
        HubException refusal = Assert.Throws<HubException>(() => Pull(settings))!;
        Assert.Multiple(() =>
        {
            foreach (string text in texts)
            {
                Assert.That(refusal.Message, Does.Contain(text));
            }

            Assert.That(refusal.ToString(), Does.Not.Contain(Secret));
        });
        return refusal;
    }

    /// <summary>Fails unless the snapshot holds the server's files, by links into the blobs.</summary>
    private protected void AssertWhole()
    {
        Assert.Multiple(() =>
        {
            foreach ((string name, byte[] content) in Server.Files)
            {
                string path = Path.Combine(Snapshot, name);
                Assert.That(File.ReadAllBytes(path), Is.EqualTo(content), name);
                Assert.That(new FileInfo(path).LinkTarget, Does.EndWith("/blobs/" + HubServer.HashOf(name, content)).And.StartWith("../.."), name);
            }

            Assert.That(Directory.GetFiles(Path.Combine(ModelFolder, "blobs"), "*.incomplete"), Is.Empty);
        });
    }
}
