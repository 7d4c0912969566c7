using NUnit.Framework;
using Proximal.Tokenization;
using static Proximal.Tests.Tokenization.SentencePieceModels;

namespace Proximal.Tests.Tokenization;

public sealed class SentencePieceTests
{
    private static readonly (string, float, int)[] Start = [("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control)];

    private static readonly (string, float, int)[] BytePairs =
    [
        .. Start, ("▁a", 0, Normal), ("ab", -1, Normal), ("▁ab", -2, Normal), ("▁", -3, Normal), ("a", -4, Normal), ("b", -5, Normal),
        ("<sep>", 0, UserDefined),
    ];

    private static readonly (string, float, int)[] Unigrams =
    [
        .. Start, ("▁a", -2, Normal), ("ab", -3, Normal), ("▁", -4, Normal), ("a", -5, Normal), ("b", -5, Normal), ("▁ab", -3.5f, Normal),
    ];

    [Test]
    public void A_byte_pair_model_merges_by_score()
    {
        Tokenizer tokenizer = Load(Write(BytePairs, type: 2));
        Assert.Multiple(() =>
        {
            Assert.That(tokenizer.Encode("ab"), Is.EqualTo(new[] { 1, 5 }), "a piece is reached by any of its divisions");
            Assert.That(tokenizer.Encode("bab ab", addSpecialTokens: false), Is.EqualTo(new[] { 6, 8, 4, 5 }));
            Assert.That(tokenizer.Encode(" ab", addSpecialTokens: false), Is.EqualTo(new[] { 6, 5 }), "the dummy space comes before a space, too");
            Assert.That(tokenizer.Encode("a<sep>a</s>", addSpecialTokens: false), Is.EqualTo(new[] { 3, 9, 7, 2 }));
            Assert.That(tokenizer.Encode("<sep> a", addSpecialTokens: false), Is.EqualTo(new[] { 6, 9, 3 }), "the dummy space comes before a user-defined piece, too");
            Assert.That(tokenizer.Encode("axyb", addSpecialTokens: false), Is.EqualTo(new[] { 3, 0, 8 }));
            Assert.That(tokenizer.Decode(tokenizer.Encode(" ab ab")), Is.EqualTo(" ab ab"));
        });
    }

    [Test]
    public void A_unigram_model_takes_the_most_probable_division()
    {
        Tokenizer tokenizer = Load(Write(Unigrams, type: 1, removeExtraSpaces: true, bos: -1));
        Assert.Multiple(() =>
        {
            Assert.That(tokenizer.Encode("  ab   a  "), Is.EqualTo(new[] { 8, 3, 2 }), "spaces shrink; the end piece follows where there is no begin piece");
            Assert.That(tokenizer.Encode("aab", addSpecialTokens: false), Is.EqualTo(new[] { 3, 4 }));
            Assert.That(tokenizer.Encode("bxx", addSpecialTokens: false), Is.EqualTo(new[] { 5, 7, 0 }));
            Assert.That(tokenizer.Encode("   "), Is.EqualTo(new[] { 2 }));
            Assert.That(tokenizer.EncodeWithOffsets("  ab   a", addSpecialTokens: false).Offsets, Is.EqualTo(new TokenOffset[] { new(2, 4), new(4, 8) }));
        });
    }

    [Test]
    public void Byte_pieces_spell_what_is_unknown()
    {
        IEnumerable<(string, float, int)> bytes = Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", 0f, BytePiece));
        Tokenizer tokenizer = Load(Write([.. BytePairs, .. bytes], type: 2, byteFallback: true));
        int[] ids = tokenizer.Encode("aé<0x41>");
        Assert.That(ids.Skip(2).Take(2).Select(id => tokenizer.IdToToken(id)), Is.EqualTo(new[] { "<0xC3>", "<0xA9>" }));
        Assert.That(ids, Does.Not.Contain(tokenizer.TokenToId("<0x41>")), "the name of a byte piece in a text is text");
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("aé<0x41>"));
    }

    [Test]
    public void A_map_of_characters_replaces_the_longest_match()
    {
        // Two rules, A -> b and AA -> a, as a double array: from the root by 'A' (0x41), again by 'A'; leaves hold text offsets.
        uint[] units = new uint[512];
        Array.Fill(units, 0x80000000u);
        const uint HasLeaf = 0x100;
        units[0] = 0x80u << 10;                             // children of the root at 0x80 ^ label
        units[0x80 ^ 0x41] = (0x1u << 10) | HasLeaf | 0x41; // children at 0xC1 ^ 1 ^ label
        units[0xC1 ^ 0x1] = 0x80000000u | 0;                // A: text at 0
        units[0xC0 ^ 0x41] = (0x2u << 10) | HasLeaf | 0x41;
        units[0x81 ^ 0x2] = 0x80000000u | 2;                // AA: text at 2
        byte[] map = [.. BitConverter.GetBytes(units.Length * 4), .. units.SelectMany(BitConverter.GetBytes), (byte)'b', 0, (byte)'a', 0];
        Tokenizer tokenizer = Load(Write(BytePairs, type: 2, map: map));
        Assert.That(tokenizer.Encode("A", addSpecialTokens: false), Is.EqualTo(new[] { 6, 8 }));
        Assert.That(tokenizer.Encode("AAA", addSpecialTokens: false), Is.EqualTo(new[] { 5 }));
        Assert.That(tokenizer.EncodeWithOffsets("xAA", addSpecialTokens: false).Ids, Is.EqualTo(new[] { 6, 0, 7 }));
    }

    [Test]
    public void The_config_beside_it_adds_tokens_and_says_what_stands_around_a_text()
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.model", Write(BytePairs, type: 2)).With("tokenizer_config.json", """
            {"add_bos_token": false, "add_eos_token": true, "bos_token": "<s>", "eos_token": {"content": "</s>"},
             "added_tokens_decoder": {"10": {"content": "<|user|>", "special": true, "normalized": false}}}
            """);
        Tokenizer tokenizer = folder.Load();
        Assert.That(tokenizer.Encode("a<|user|>"), Is.EqualTo(new[] { 3, 10, 2 }));
        Assert.That((tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId), Is.EqualTo((1, 2, (int?)null)));
    }

    private static IEnumerable<TestCaseData> Damaged()
    {
        byte[] good = Write(BytePairs, type: 2);
        yield return new TestCaseData((byte[])[], "it has no pieces").SetArgDisplayNames("empty");
        yield return new TestCaseData(good[..^3], "a field of").SetArgDisplayNames("truncated");
        yield return new TestCaseData((byte[])[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1], "a field of 4294967295 bytes").SetArgDisplayNames("lying length");
        yield return new TestCaseData((byte[])[.. Enumerable.Repeat((byte)0xFF, 20)], "ends a number").SetArgDisplayNames("endless number");
        yield return new TestCaseData((byte[])[0x0B], "wire type 3").SetArgDisplayNames("wire type");
        yield return new TestCaseData(Write(BytePairs, type: 3), "models of type 3").SetArgDisplayNames("word model");
        yield return new TestCaseData(Write([.. BytePairs, ("ab", 0, Normal)], type: 2), "a repetition").SetArgDisplayNames("twice");
        yield return new TestCaseData(Write([.. BytePairs, ("c", float.NaN, Normal)], type: 2), "no finite score").SetArgDisplayNames("NaN");
        yield return new TestCaseData(Write(BytePairs, type: 2, map: [200, 0, 0, 0, 1]), "cannot hold a double array").SetArgDisplayNames("map");
        yield return new TestCaseData(Write([("\uD800", 0f, Normal)], type: 2).Select(b => b == 0xBF ? (byte)0xFF : b).ToArray(), "no SentencePiece model").SetArgDisplayNames("UTF-8");
    }

    [TestCaseSource(nameof(Damaged))]
    public void A_damaged_model_is_refused_with_its_name(byte[] content, string problem)
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.model", content);
        Assert.That(folder.Load, Throws.InstanceOf<TokenizerException>()
            .With.Message.Contains(problem).And.Message.StartsWith(folder.File("tokenizer.model")));
    }

    [Test]
    public void No_damage_to_a_model_does_more_than_refuse_it()
    {
        byte[] good = Write(BytePairs, type: 2);
        Random random = new(5);
        using TokenizerFolder folder = new();
        int refused = 0;
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = good[..random.Next(good.Length - 1, good.Length + 1)];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            folder.With("tokenizer.model", damaged);
            try
            {
                _ = folder.Load().Encode("ab xé");
            }
            catch (TokenizerException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.InRange(200, 1999));
    }

    private static Tokenizer Load(byte[] model)
    {
        using TokenizerFolder folder = new();
        return folder.With("tokenizer.model", model).Load();
    }
}
