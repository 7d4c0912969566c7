using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;
using Proximal.Tests.Training.Learning;
using Proximal.Tokenization;

namespace Proximal.Tests.Data;

public sealed class DocumentEncoderTests
{
    private const int Start = 1;
    private const int End = 2;

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
    public void A_document_has_its_begin_and_end()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Encode(8, End, Whole("abc")), Is.EqualTo(new[] { new[] { Start, 3, 4, 5, End } }));
            Assert.That(Encode(8, null, Whole("abc")), Is.EqualTo(new[] { new[] { Start, 3, 4, 5 } }));
        });
    }

    [Test]
    public void A_long_document_goes_on_with_the_token_before()
    {
        Assert.That(
            Encode(4, End, Whole("abcdef"), Whole("a")),
            Is.EqualTo(new[] { new[] { Start, 3, 4, 5 }, [5, 6, 7, 8], [8, End], [Start, 3, End] }));
    }

    [Test]
    public void A_document_that_fills_its_sequences_leaves_no_token_alone() => Assert.That(
        Encode(4, End, Whole("abcde")),
        Is.EqualTo(new[] { new[] { Start, 3, 4, 5 }, [5, 6, 7, End] }));

    [Test]
    public void Every_token_is_learned_once_however_long_the_sequences_and_parts_are([Range(2, 9)] int most, [Range(1, 6)] int cut)
    {
        const string Text = "abcdef";
        int[][] sequences = Encode(
            most, End, Whole("ab"), new TextPart(Text[..cut], true, false, "f", 1), new TextPart(Text[cut..], false, true, "f", 1));
        Assert.Multiple(() =>
        {
            Assert.That(sequences.SelectMany(sequence => sequence.Skip(1)), Is.EqualTo(new[] { 3, 4, End, 3, 4, 5, 6, 7, 8, End }));
            Assert.That(sequences.Select(sequence => sequence.Length), Is.All.InRange(2, most));
            Assert.That(sequences.Count(sequence => sequence[0] == Start), Is.EqualTo(2), "once a document");
        });
    }

    private static TextPart Whole(string text) => new(text, true, true, "f", 1);

    private int[][] Encode(int most, int? end, params TextPart[] parts)
    {
        var encoder = new DocumentEncoder(_tokenizer, most, end);
        return [.. parts.SelectMany(encoder.Encode)];
    }
}
