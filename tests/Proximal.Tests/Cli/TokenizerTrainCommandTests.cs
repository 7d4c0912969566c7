using NUnit.Framework;
using Proximal.Tokenization;

namespace Proximal.Tests.Cli;

public sealed class TokenizerTrainCommandTests
{
    private string _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = Directory.CreateTempSubdirectory("proximal-train-").FullName;

    [TearDown]
    public void Remove_it() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Text_becomes_a_tokenizer_that_tokenize_reads()
    {
        File.WriteAllText(In("text.txt"), string.Concat(Enumerable.Repeat("the cat and the hat\n", 20)));
        CliRun run = CliRun.Of(string.Empty, "tokenizer", "train", In("text.txt"), "-o", In("out"), "--vocab-size", "264", "--special-tokens", "<|a|>", "<|b|>");
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Is.EqualTo(In("out") + "\n"));
        Assert.That(run.Error, Is.EqualTo("6 different words, 5 merges, 264 tokens\n"));
        CliRun ids = CliRun.Of("{\"text\":\"<|b|>the cat\"}", "tokenize", "--tokenizer", In("out"), "-i", "-");
        Assert.That(ids.Rows[0].GetProperty("ids")[0].GetInt32(), Is.EqualTo(1));
        Assert.That(Tokenizer.Load(In("out")).EosTokenId, Is.EqualTo(2));
    }

    [Test]
    public void Too_little_text_warns_and_an_existing_tokenizer_stays_unless_it_may_go()
    {
        File.WriteAllText(In("rows.jsonl"), "{\"body\": \"aaaa aaaa\"}\n");
        string[] arguments = ["tokenizer", "train", In("rows.jsonl"), "-o", In("out"), "--vocab-size", "1000", "--field", "body", "--no-eos", "-q"];
        CliRun run = CliRun.Of(string.Empty, arguments);
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("warning: fewer than the 1000 tokens asked for").And.Contain("258 tokens"));
        CliRun again = CliRun.Of(string.Empty, arguments);
        Assert.That(again.Code, Is.EqualTo(2));
        Assert.That(again.Error, Does.Contain("there is a tokenizer already").And.Contain("--overwrite"));
        Assert.That(CliRun.Of(string.Empty, [.. arguments, "--overwrite"]).Code, Is.Zero);
    }

    [TestCase(3, "no such file or folder", "absent.txt", "--vocab-size", "300")]
    [TestCase(3, "The vocabulary size is 256: expected 257", "text.txt", "--vocab-size", "256")]
    [TestCase(2, "--vocab-size: expected a whole number from 256", "text.txt", "--vocab-size", "10")]
    [TestCase(2, "--split: expected gpt2, llama3, qwen2, smollm, got 'gpt3'", "text.txt", "--vocab-size", "300", "--split", "gpt3")]
    [TestCase(3, "the regular expression cannot be used", "text.txt", "--vocab-size", "300", "--split-regex", "(")]
    [TestCase(2, "'--vocab-size' is required", "text.txt")]
    public void What_is_wrong_is_named_with_the_right_exit_code(int code, string message, string file, params string[] options)
    {
        File.WriteAllText(In("text.txt"), "a b\n");
        CliRun run = CliRun.Of(string.Empty, ["tokenizer", "train", In(file), "-o", In("out"), .. options]);
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(Directory.Exists(In("out")), Is.False);
    }

    [Test]
    public void Help_names_the_whole_command()
    {
        Assert.That(CliRun.Of(string.Empty, "tokenizer", "train", "--help").Output, Does.Contain("Usage: proximal tokenizer train TEXT... --output DIR --vocab-size N [OPTIONS]"));
        Assert.That(CliRun.Of(string.Empty, "tokenizer", "--help").Output, Does.Contain("Usage: proximal tokenizer COMMAND [OPTIONS]").And.Contain("  train "));
        Assert.That(CliRun.Of(string.Empty, "tokenizer").Error, Does.Contain("See `proximal tokenizer --help`"));
        Assert.That(CliRun.Of(string.Empty, "tokenizer", "train").Error, Does.Contain("See `proximal tokenizer train --help`"));
    }

    private string In(string name) => Path.Combine(_folder, name);
}
