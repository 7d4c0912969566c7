using System.Text;
using FsCheck.Fluent;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

public sealed class TokenizerTrainerTests
{
    private const string Words = "low low low low low lower lower newest newest newest newest newest newest widest widest widest\n";

    [Test]
    public void The_most_frequent_pair_merges_first_and_of_equals_the_one_of_smaller_ids()
    {
        // The example of Sennrich et al.
        TrainedTokenizer trained = Train(Words, 257 + 4);
        Assert.That(trained.Merges, Is.EqualTo(new[] { ("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w") }));
        Assert.That(trained.Tokenizer.TokenToId("est"), Is.EqualTo(258));
        Assert.That(trained.VocabularySize, Is.EqualTo(261));
    }

    [Test]
    public void Merges_are_those_of_counting_every_pair_again()
    {
        var random = new Random(11);
        for (int round = 0; round < 60; round++)
        {
            int letters = random.Next(1, 5);
            string[] words = [.. Enumerable.Range(0, random.Next(1, 30))
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => (char)('a' + random.Next(letters)))))];
            long minFrequency = random.Next(1, 4);
            TrainedTokenizer trained = Train(words.Select(word => word), 257 + 25, minFrequency);
            Assert.That(
                trained.Merges, Is.EqualTo(NaiveTrainer.Train(words, 25, minFrequency)), $"round {round}: {string.Join(' ', words)}");
        }
    }

    [Test]
    public void Every_text_comes_back_and_holds_no_more_tokens_than_bytes()
    {
        Tokenizer tokenizer = Train(Words, 300).Tokenizer;
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        {
            string known = string.Concat((text ?? "").EnumerateRunes());
            int[] ids = tokenizer.Encode(known);
            return tokenizer.Decode(ids) == known && ids.Length <= Encoding.UTF8.GetByteCount(known);
        }));
        string bytes = string.Concat(Enumerable.Range(0, 0x800).Where(c => c is < 0xD800 or > 0xDFFF).Select(c => (char)c)) + "\U0001F600\uFFFF";
        Assert.That(tokenizer.Decode(tokenizer.Encode(bytes)), Is.EqualTo(bytes));
    }

    [Test]
    public void Neither_threads_nor_the_order_nor_the_shape_of_files_matter()
    {
        using TokenizerFolder folder = new();
        string[] lines = [.. Enumerable.Range(0, 4000).Select(i => $"line {i % 97} of {i % 13}: {Words[(i % 40)..]}".TrimEnd('\n') + "\n")];
        folder.With("a.txt", string.Concat(lines[..3000])).With("b.txt", string.Concat(lines[3000..]))
            .With("rows.jsonl", string.Concat(lines.Select(line => System.Text.Json.JsonSerializer.Serialize(new { body = line }) + "\n")))
            .With("rows.json", System.Text.Json.JsonSerializer.Serialize(lines.Select(line => new { body = line })));
        TextFileOptions body = new() { Field = "body" };
        string expected = Of(1, ["a.txt", "b.txt"]);
        Assert.Multiple(() =>
        {
            Assert.That(Of(4, ["b.txt", "a.txt"]), Is.EqualTo(expected));
            Assert.That(Of(3, ["rows.jsonl"]), Is.EqualTo(expected));
            Assert.That(Of(2, ["rows.json"]), Is.EqualTo(expected));
        });

        string Of(int threads, string[] files)
        {
            var trainer = new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 400, Threads = threads });
            trainer.AddFiles(files.Select(folder.File), body);
            return string.Join('\n', trainer.Train().Merges);
        }
    }

    [Test]
    public void A_folder_means_its_text_files_at_any_depth_and_lines_are_texts_unless_files_are()
    {
        using TokenizerFolder folder = new();
        Directory.CreateDirectory(folder.File("deep"));
        folder.With("deep/a.txt", "\uFEFFab\n\n\n\nab\n\n\n\n").With("deep/skipped.bin", [0xFF, 0x00]);
        TokenizerTrainerOptions options = new() { VocabularySize = 300 };
        var lines = new TokenizerTrainer(options);
        lines.AddFiles([folder.Path]);
        var whole = new TokenizerTrainer(options);
        whole.AddFiles([folder.Path], new TextFileOptions { WholeFiles = true });
        Assert.That(lines.Train().Merges, Is.EqualTo(new[] { ("a", "b") }), "each line end is a word of its own");
        Assert.That(whole.Train().Merges, Is.EqualTo(new[] { ("Ċ", "Ċ"), ("a", "b") }));
    }

    [Test]
    public void A_saved_tokenizer_loads_as_it_was()
    {
        using TokenizerFolder folder = new();
        TokenizerTrainerOptions options = new()
        {
            VocabularySize = 280,
            SpecialTokens = ["<pad>", "<|user|>"],
            BosToken = "<s>",
            PadToken = "<pad>",
            AddBosToken = true,
            Split = TokenizerSplit.Llama3,
        };
        TrainedTokenizer trained = Train([Words], options);
        trained.Save(folder.File("new/model"));
        Tokenizer loaded = Tokenizer.Load(folder.File("new/model"));
        int[] ids = loaded.Encode("<|user|>newest 12345 lower<|endoftext|>");
        Assert.Multiple(() =>
        {
            Assert.That(ids, Is.EqualTo(trained.Tokenizer.Encode("<|user|>newest 12345 lower<|endoftext|>")));
            Assert.That(ids.Take(2), Is.EqualTo(new[] { 2, 1 }));
            Assert.That(ids[^1], Is.EqualTo(3));
            Assert.That((loaded.PadTokenId, loaded.BosTokenId, loaded.EosTokenId), Is.EqualTo(((int?)0, (int?)2, (int?)3)));
            Assert.That((trained.Tokenizer.PadTokenId, trained.Tokenizer.BosTokenId, trained.Tokenizer.EosTokenId), Is.EqualTo(((int?)0, (int?)2, (int?)3)));
            Assert.That(loaded.VocabularySize, Is.EqualTo(trained.VocabularySize));
            Assert.That(loaded.Kind, Is.EqualTo("byte-level BPE"));
            Assert.That(loaded.Decode(ids, skipSpecialTokens: true), Is.EqualTo("newest 12345 lower"));
        });
    }

    [TestCase(TokenizerSplit.Gpt2, null, "12345", 1)]
    [TestCase(TokenizerSplit.Llama3, null, "12345", 2)]
    [TestCase(TokenizerSplit.Qwen2, null, "12345", 5)]
    [TestCase(TokenizerSplit.SmolLm, null, "12345", 5)]
    [TestCase(TokenizerSplit.Gpt2, "12|3", "12345", 3)]
    public void Words_are_divided_in_training_as_in_encoding(TokenizerSplit split, string? expression, string word, int tokens)
    {
        TrainedTokenizer trained = Train(
            Enumerable.Repeat(word, 9),
            new TokenizerTrainerOptions { VocabularySize = 300, Split = split, SplitExpression = expression });
        Assert.That(trained.Tokenizer.Encode(word), Has.Length.EqualTo(tokens));
        Assert.That(trained.Tokenizer.Encode("e\u0301").SequenceEqual(trained.Tokenizer.Encode("\u00E9")), Is.EqualTo(split == TokenizerSplit.Qwen2));
    }

    [Test]
    public void A_token_that_is_spelled_as_a_special_one_is_that_token()
    {
        TrainedTokenizer trained = Train(Enumerable.Repeat("abc", 5), new TokenizerTrainerOptions { VocabularySize = 300, SpecialTokens = ["ab"], EosToken = null });
        Assert.That(trained.Merges, Is.EqualTo(new[] { ("a", "b"), ("ab", "c") }));
        Assert.That(trained.VocabularySize, Is.EqualTo(258));
        Assert.That(trained.Tokenizer.TokenToId("ab"), Is.Zero);
    }

    [Test]
    public void A_word_of_a_million_letters_takes_seconds_and_its_tokens_stay_short_enough_to_load()
    {
        Task<TrainedTokenizer> task = Task.Run(() => Train(new string('a', 1_000_000) + " " + string.Concat(Enumerable.Repeat("xyz", 100_000)), 400, minFrequency: 1));
        Assert.That(task.Wait(TimeSpan.FromSeconds(60)), "training takes more than a minute");
        Assert.That(task.Result.Merges.Max(merge => merge.Left.Length + merge.Right.Length), Is.EqualTo(4096));
        Assert.That(task.Result.Tokenizer.Encode(new string('a', 8192)), Has.Length.EqualTo(2));
    }

    [TestCase(257, "x", 2, "expected 258 (256 bytes and 2 special tokens)")]
    [TestCase(300, "<|endoftext|>", 0, "expected a whole number of at least 1")]
    [TestCase(300, "", 2, "expected 1 to 2048")]
    public void Options_that_cannot_be_met_are_refused_with_what_is_expected(int size, string special, long minFrequency, string expected)
    {
        TokenizerTrainerOptions options = new() { VocabularySize = size, SpecialTokens = [special], MinFrequency = minFrequency };
        Assert.That(() => new TokenizerTrainer(options), Throws.InstanceOf<ArgumentException>().With.Message.Contains(expected));
    }

    [Test]
    public void Special_tokens_named_twice_and_begin_tokens_that_are_missing_are_refused()
    {
        Assert.That(
            () => new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300, SpecialTokens = ["<a>", "<a>"] }),
            Throws.ArgumentException.With.Message.Contains("\"<a>\" is named twice"));
        Assert.That(
            () => new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300, SpecialTokens = ['\uD800'.ToString()] }),
            Throws.ArgumentException.With.Message.Contains("half a surrogate pair"));
        Assert.That(
            () => new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300, AddBosToken = true }),
            Throws.ArgumentException.With.Message.Contains("none is named"));
        Assert.That(
            () => new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300, SplitExpression = "(" }),
            Throws.TypeOf<TokenizerException>().With.Message.Contains("the regular expression cannot be used"));
    }

    private static readonly object[] Hostile =
    [
        new object[] { "empty.txt", Array.Empty<byte>(), "has no words" },
        new object[] { "binary.txt", new byte[] { 0x7F, 0x45, 0x4C, 0x46, 0, 1 }, "binary.txt:1: byte 4 is 0: this is no text file" },
        new object[] { "latin.txt", "one\ntwo\ncaf\u00E9\n"u8.ToArray()[..11].Concat(new byte[] { 0xE9, 0x0A }).ToArray(), "latin.txt:3: byte 3 begins no UTF-8 character" },
        new object[] { "rows.jsonl", "{\"text\": \"a\"}\n{\"body\": \"a\"}\n"u8.ToArray(), "rows.jsonl:2: the row has no field 'text'" },
        new object[] { "rows.jsonl", "{\"text\": \"a\"}\n\n{\"text\": 1}\n"u8.ToArray(), "rows.jsonl:3: the field 'text' is a JSON number" },
        new object[] { "rows.jsonl", "{\"text\": \n"u8.ToArray(), "rows.jsonl:1: the line is not JSON" },
        new object[] { "rows.json", "7"u8.ToArray(), "expected a JSON array" },
    ];

    [TestCaseSource(nameof(Hostile))]
    public void Files_that_are_no_text_are_refused_with_the_place(string name, byte[] content, string expected)
    {
        using TokenizerFolder folder = new();
        folder.With(name, content);
        var trainer = new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300 });
        Exception error = Assert.Catch(() =>
        {
            trainer.AddFiles([folder.File(name)]);
            trainer.Train();
        })!;
        Assert.That(error, Is.InstanceOf<DataFileException>().Or.InstanceOf<ArgumentException>());
        Assert.That(error.Message, Does.Contain(expected));
        Assert.That(trainer.DistinctWords, Is.Zero, "a file that cannot be used counts nothing");
    }

    [Test]
    public void Paths_that_lead_nowhere_are_named()
    {
        using TokenizerFolder folder = new();
        var trainer = new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300 });
        Assert.That(() => trainer.AddFiles([folder.File("absent.txt")]), Throws.TypeOf<DataFileException>().With.Message.Contains("no such file or folder"));
        Assert.That(() => trainer.AddFiles([folder.Path]), Throws.TypeOf<DataFileException>().With.Message.Contains("the folder has no .txt"));
    }

    [Test]
    public void A_cancelled_training_ends()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        using TokenizerFolder folder = new();
        folder.With("a.txt", Words);
        var trainer = new TokenizerTrainer(new TokenizerTrainerOptions { VocabularySize = 300 });
        Assert.That(() => trainer.AddFiles([folder.Path], cancellation: cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        trainer.Add(Words);
        Assert.That(() => trainer.Train(cancellation: cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private static TrainedTokenizer Train(string text, int size, long minFrequency = 2) => Train([text], size, minFrequency);

    private static TrainedTokenizer Train(IEnumerable<string> texts, int size, long minFrequency = 2) =>
        Train(texts, new TokenizerTrainerOptions { VocabularySize = size, MinFrequency = minFrequency });

    private static TrainedTokenizer Train(IEnumerable<string> texts, TokenizerTrainerOptions options)
    {
        var trainer = new TokenizerTrainer(options);
        foreach (string text in texts)
        {
            trainer.Add(text);
        }

        return trainer.Train();
    }
}
