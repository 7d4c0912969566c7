using FsCheck.Fluent;
using NUnit.Framework;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

public sealed class StreamingDecoderTests
{
    private static readonly Dictionary<string, Tokenizer> Kinds = new()
    {
        ["byte level"] = TokenizerFolder.Load(TokenizerTexts.ByteLevel),
        ["byte fallback"] = TokenizerFolder.Load(TokenizerTexts.ByteFallback),
    };

    private static IEnumerable<string> Names => Kinds.Keys;

    [Test]
    public void Half_a_character_waits_for_its_other_half([ValueSource(nameof(Names))] string kind)
    {
        Tokenizer tokenizer = Kinds[kind];
        StreamingDecoder stream = tokenizer.CreateDecodeStream();
        string?[] parts = [.. tokenizer.Encode("o😀", addSpecialTokens: false).Select(stream.Add)];
        Assert.That(parts.Where(part => part is not null), Is.EqualTo(new[] { "o", "😀" }));
        Assert.That(parts[^1], Is.EqualTo("😀"));
        Assert.That(stream.Finish(), Is.Null);
    }

    [Test]
    public void What_is_cut_comes_out_at_the_end()
    {
        Tokenizer tokenizer = Kinds["byte level"];
        StreamingDecoder stream = tokenizer.CreateDecodeStream();
        int[] ids = tokenizer.Encode("o😀")[..^1];
        string shown = string.Concat(ids.Select(stream.Add));
        Assert.That(shown, Is.EqualTo("o"));
        Assert.That(shown + stream.Finish(), Is.EqualTo(tokenizer.Decode(ids)));
        Assert.That(stream.Add(tokenizer.TokenToId("o")!.Value), Is.EqualTo("o"), "a finished stream starts anew");
    }

    [Test]
    public void Bytes_that_become_invalid_after_they_were_shown_do_not_stop_the_stream()
    {
        Tokenizer tokenizer = Kinds["byte fallback"];
        StreamingDecoder stream = tokenizer.CreateDecodeStream();
        int[] ids = [tokenizer.TokenToId("<0x41>")!.Value, tokenizer.TokenToId("<0xE4>")!.Value, tokenizer.TokenToId("h")!.Value];
        Assert.That(ids.Select(stream.Add), Is.EqualTo(new[] { "A", null, "\uFFFDh" }));
    }

    [Test]
    public void The_parts_joined_are_the_whole([ValueSource(nameof(Names))] string kind)
    {
        Tokenizer tokenizer = Kinds[kind];
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        {
            int[] ids = tokenizer.Encode("h" + text);
            StreamingDecoder stream = tokenizer.CreateDecodeStream();
            string[] parts = [.. ids.Select(id => stream.Add(id) ?? "")];
            bool whole = string.Concat(parts) + stream.Finish() == tokenizer.Decode(ids);
            return whole && !parts.Any(part => part.EndsWith('\uFFFD'));
        }));
    }

    [Test]
    public void A_negative_id_is_refused() =>
        Assert.That(() => Kinds["byte level"].CreateDecodeStream().Add(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
