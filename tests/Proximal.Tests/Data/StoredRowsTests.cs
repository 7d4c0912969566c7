using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data;

/// <summary>Rows come back from memory and from the scratch file as they were.</summary>
public sealed class StoredRowsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase(long.MaxValue, false)]
    [TestCase(100, true)]
    [TestCase(0, true)]
    public void Pieces_come_back_whether_they_are_in_memory_or_not(long most, bool spilled)
    {
        byte[][] pieces = [.. Enumerable.Range(0, 50).Select(i => Enumerable.Repeat((byte)i, i * 7 % 31).ToArray())];
        using (var store = new BlobStore(_folder["scratch"], most))
        {
            foreach (byte[] piece in pieces)
            {
                store.Add(piece);
            }

            Assert.That(Enumerable.Range(0, store.Count).Reverse().Select(store.Read), Is.EqualTo(pieces.Reverse()));
            Assert.That((store.IsSpilled, File.Exists(_folder["scratch"])), Is.EqualTo((spilled, spilled)));
        }

        Assert.That(File.Exists(_folder["scratch"]), Is.False, "the file goes with the store");
    }

    [Test]
    public void Examples_come_back_as_they_were_read_and_as_they_are_learned()
    {
        var chat = new ChatRequest
        {
            Messages = JsonElement.Parse("""[{"role":"user","content":"ü\n"}]"""),
            Tools = JsonElement.Parse("[{}]"),
            Variables = new Dictionary<string, JsonElement> { ["enable_thinking"] = JsonElement.Parse("false") },
        };
        SftExample[] examples =
        [
            new() { Prompt = "p", Response = "r", File = "/a/b.jsonl", Line = 3 },
            new() { Response = "text", Tokens = [1, 2, 3], PromptTokens = 1 },
            new() { Conversation = chat, PromptMessages = 1, Learned = [false, true], Tokens = [5, int.MaxValue] },
        ];
        using var store = new BlobStore(_folder["read"], 10);
        using var encoded = new BlobStore(_folder["encoded"], 10);
        var read = new StoredRows<SftExample>(store, RowCodec.Write, RowCodec.ReadExample);
        var learned = new StoredRows<SftExample>(encoded, RowCodec.WriteEncoded, RowCodec.ReadEncodedExample);
        foreach (SftExample example in examples)
        {
            read.Add(example);
            learned.Add(example);
        }

        Assert.Multiple(() =>
        {
            Assert.That(read.Select(Read), Is.EqualTo(examples.Select(Read)));
            Assert.That(learned.Select(Learned), Is.EqualTo(examples.Select(Learned)));
            Assert.That(learned.Select(example => example.TargetTokens), Is.EqualTo(examples.Select(example => example.TargetTokens)));
        });

        static string Read(SftExample example) => string.Create(
            CultureInfo.InvariantCulture,
            $"{example.Prompt ?? "-"}|{example.Response}|{Text(example.Conversation)}|{example.PromptMessages}|{example.File}|{example.Line}");
        static string Learned(SftExample example) => $"{example.Prompt}|{string.Join(',', example.Tokens)}|{example.PromptTokens}|{string.Join(',', example.Learned)}|{example.Source}";
    }

    [Test]
    public void Pairs_come_back_as_they_were_read_and_as_they_are_learned()
    {
        var chat = new ChatRequest { Messages = JsonElement.Parse("[1]"), Documents = JsonElement.Parse("[2]") };
        PreferencePair[] pairs =
        [
            new() { Prompt = "p", Chosen = "c", Rejected = "r", Margin = 0.1, File = "f", Line = 7, ChosenTokens = [1], RejectedTokens = [2, 3] },
            new() { Prompt = "[]", ChosenConversation = chat, RejectedConversation = chat with { Documents = default } },
        ];
        using var store = new BlobStore(_folder["read"], 0);
        using var encoded = new BlobStore(_folder["encoded"], 0);
        var read = new StoredRows<PreferencePair>(store, RowCodec.Write, RowCodec.ReadPair);
        var learned = new StoredRows<PreferencePair>(encoded, RowCodec.WriteEncoded, RowCodec.ReadEncodedPair);
        foreach (PreferencePair pair in pairs)
        {
            read.Add(pair);
            learned.Add(pair);
        }

        Assert.Multiple(() =>
        {
            Assert.That(read.Select(Read), Is.EqualTo(pairs.Select(Read)));
            Assert.That(learned.Select(Learned), Is.EqualTo(pairs.Select(Learned)));
        });

        static string Read(PreferencePair pair) => string.Create(
            CultureInfo.InvariantCulture, $"{pair.Prompt}|{pair.Chosen}|{pair.Rejected}|{Text(pair.ChosenConversation)}|{Text(pair.RejectedConversation)}|{pair.Margin:R}|{pair.Source}");
        static string Learned(PreferencePair pair) => string.Create(
            CultureInfo.InvariantCulture, $"{pair.Prompt}|{string.Join(',', pair.ChosenTokens)}|{string.Join(',', pair.RejectedTokens)}|{pair.Margin:R}|{pair.Source}");
    }

    private static string Text(ChatRequest? request) => request is null
        ? "-"
        : $"{request.Messages}{request.Tools}{request.Documents}{string.Concat(request.Variables.Select(variable => $"{variable.Key}={variable.Value}"))}";
}
