using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;
using Proximal.Tests.Training.Learning;
using Proximal.Tokenization;

namespace Proximal.Tests.Data;

public sealed class SequenceEncoderTests
{
    private TemporaryFolder _folder = null!;
    private Tokenizer _tokenizer = null!;

    [OneTimeSetUp]
    public void Write_a_tokenizer()
    {
        _folder = new TemporaryFolder();
        _tokenizer = Tokenizer.Load(CharacterTokenizer.Write(_folder["tokenizer"], "abcdef"));
    }

    [OneTimeTearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void The_prompts_tokens_are_told_from_the_responses()
    {
        SftExample example = Encode(Limits(), new SftExample { Prompt = "ab", Response = "cd" })[0];
        Assert.Multiple(() =>
        {
            Assert.That(example.Tokens, Is.EqualTo(new[] { 1, 3, 4, 5, 6, 2 }), "start, prompt, response, end");
            Assert.That(example.PromptTokens, Is.EqualTo(3));
            Assert.That(example.TargetTokens, Is.EqualTo(3));
        });
    }

    [Test]
    public void A_text_is_learned_as_a_whole_and_the_end_may_be_left_out()
    {
        SftExample example = Encode(Limits() with { EndToken = null }, new SftExample { Response = "abc" })[0];
        Assert.Multiple(() =>
        {
            Assert.That(example.Tokens, Is.EqualTo(new[] { 1, 3, 4, 5 }));
            Assert.That(example.PromptTokens, Is.Zero);
            Assert.That(example.TargetTokens, Is.EqualTo(3), "nothing comes before the first token");
        });
    }

    [Test]
    public void The_separator_belongs_to_the_response()
    {
        SftExample example = Encode(Limits() with { Separator = "f" }, new SftExample { Prompt = "a", Response = "b" })[0];
        Assert.That((example.Tokens, example.PromptTokens), Is.EqualTo((new[] { 1, 3, 8, 4, 2 }, 2)).Using<(int[], int), (int[], int)>(
            (x, y) => x.Item1.AsSpan().SequenceEqual(y.Item1) && x.Item2 == y.Item2));
    }

    [Test]
    public void Long_rows_are_refused_dropped_or_cut()
    {
        var row = new SftExample { Prompt = "ab", Response = "cdef", File = "rows.jsonl", Line = 4 };
        var other = new SftExample { Prompt = "a", Response = "b" };
        SequenceLimits limits = Limits() with { MaxTokens = 5 };
        IReadOnlyList<SftExample> kept = new SequenceEncoder(_tokenizer, limits with { TooLong = TooLong.Drop }).Encode([row, other], out int dropped);
        Assert.Multiple(() =>
        {
            Assert.That(() => Encode(limits, row), Throws.TypeOf<DataFileException>().With.Message.Contains("rows.jsonl:4: the row has 8 tokens with its prompt's 3, more than 5"));
            Assert.That((kept.Count, dropped), Is.EqualTo((1, 1)));
            Assert.That(Encode(limits with { TooLong = TooLong.Cut }, row)[0].Tokens, Is.EqualTo(new[] { 1, 3, 4, 5, 6 }));
            Assert.That(
                () => Encode(limits with { MaxTokens = 3, TooLong = TooLong.Cut }, row),
                Throws.TypeOf<DataFileException>().With.Message.Contains("its prompt leaves no room"));
            Assert.That(
                () => Encode(limits with { TooLong = TooLong.Drop }, row), Throws.TypeOf<DataFileException>().With.Message.Contains("rows.jsonl: all 1 rows were too long"));
        });
    }

    [Test]
    public void Pairs_that_are_the_same_once_cut_are_left_out()
    {
        var encoder = new SequenceEncoder(_tokenizer, Limits() with { MaxTokens = 4, TooLong = TooLong.Cut });
        IReadOnlyList<PreferencePair> pairs = encoder.Encode(
            [new PreferencePair { Prompt = "a", Chosen = "bcd", Rejected = "bce" }, new PreferencePair { Prompt = "a", Chosen = "b", Rejected = "c" }],
            out int dropped);
        Assert.Multiple(() =>
        {
            Assert.That(dropped, Is.EqualTo(1));
            Assert.That(pairs.Single().ChosenTokens, Is.EqualTo(new[] { 1, 3, 4, 2 }));
            Assert.That(pairs.Single().RejectedTokens, Is.EqualTo(new[] { 1, 3, 5, 2 }));
        });
    }

    private static SequenceLimits Limits() => new() { MaxTokens = 32, EndToken = 2 };

    private IReadOnlyList<SftExample> Encode(SequenceLimits limits, params SftExample[] examples) =>
        new SequenceEncoder(_tokenizer, limits).Encode(examples, out _);
}
