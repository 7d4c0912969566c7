using FsCheck.Fluent;
using NUnit.Framework;
using Proximal.Tokenization;
using Proximal.Tokenization.Models;

namespace Proximal.Tests.Tokenization;

public sealed class BytePairEncodingTests
{
    [Test]
    public void The_lowest_rank_merges_first_and_of_equals_the_leftmost()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.Letters);
        Assert.Multiple(() =>
        {
            Assert.That(tokenizer.Encode("abc"), Is.EqualTo(new[] { 8 }));
            Assert.That(tokenizer.Encode("abab"), Is.EqualTo(new[] { 7, 7 }));
            Assert.That(tokenizer.Encode("aabcde"), Is.EqualTo(new[] { 1, 8, 9 }));
            Assert.That(tokenizer.Encode(""), Is.Empty);
        });
    }

    [Test]
    public void Unknown_characters_fuse_or_not_or_vanish()
    {
        Assert.Multiple(() =>
        {
            Assert.That(TokenizerFolder.Load(TokenizerTexts.Letters).Encode("axyzb"), Is.EqualTo(new[] { 1, 0, 2 }));
            string apart = TokenizerTexts.Letters.Replace("\"fuse_unk\": true", "\"fuse_unk\": false", StringComparison.Ordinal);
            Assert.That(TokenizerFolder.Load(apart).Encode("axyb"), Is.EqualTo(new[] { 1, 0, 0, 2 }));
            string vanish = TokenizerTexts.Letters.Replace("\"unk_token\": \"<unk>\"", "\"unk_token\": null", StringComparison.Ordinal);
            Assert.That(TokenizerFolder.Load(vanish).Encode("axyb"), Is.EqualTo(new[] { 7 }));
        });
    }

    [Test]
    public void Bytes_stand_in_for_what_no_token_spells()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.ByteFallback);
        int[] ids = tokenizer.Encode("hello é");
        Assert.That(ids.Select(id => tokenizer.IdToToken(id)), Is.EqualTo(new[] { "<s>", "▁hello", "▁", "<0xC3>", "<0xA9>" }));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("hello é"));
        Assert.That(
            tokenizer.EncodeWithOffsets("hello é", addSpecialTokens: false).Offsets,
            Is.EqualTo(new TokenOffset[] { new(0, 5), new(5, 6), new(6, 7), new(6, 7) }));
    }

    [Test]
    public void Ignoring_merges_takes_a_word_that_is_a_token()
    {
        string unreachable = TokenizerTexts.Letters.Replace("\"de\": 9", "\"ced\": 9", StringComparison.Ordinal)
            .Replace(", [\"d\", \"e\"]", "", StringComparison.Ordinal);
        string whole = unreachable.Replace("\"fuse_unk\"", "\"ignore_merges\": true, \"fuse_unk\"", StringComparison.Ordinal);
        Assert.That(TokenizerFolder.Load(unreachable).Encode("ced"), Is.EqualTo(new[] { 3, 5, 4 }));
        Assert.That(TokenizerFolder.Load(whole).Encode("ced"), Is.EqualTo(new[] { 9 }));
    }

    [Test]
    public void Prefix_and_suffix_mark_symbols_inside_and_at_the_end_of_words()
    {
        Tokenizer tokenizer = TokenizerFolder.Load("""
            {"model": {"type": "BPE", "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>",
              "vocab": {"a": 0, "##b": 1, "##c</w>": 2, "ab": 3, "abc</w>": 4, "a</w>": 5}, "merges": ["a ##b", "ab ##c</w>"]},
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": {"type": "BPEDecoder"}}
            """);
        Assert.That(tokenizer.Encode("abc a abc"), Is.EqualTo(new[] { 4, 5, 4 }));
        Assert.That(tokenizer.Decode([4, 5, 4]), Is.EqualTo("abc a abc"));
    }

    [Test]
    public void Scanning_and_the_heap_merge_as_one_pair_at_a_time_does()
    {
        Random random = new(3);
        for (int round = 0; round < 300; round++)
        {
            MergeTable merges = new(8);
            for (int rank = 0; rank < 30; rank++)
            {
                merges.TryAdd(random.Next(12), random.Next(12), rank, random.Next(12));
            }

            int[] symbols = [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(6))];
            MergeWork work = MergeWork.Rent();
            Array.ForEach(symbols, symbol => work.Add(symbol, 1));
            work.Merge(merges);
            Assert.That(work.Ids.ToArray(), Is.EqualTo(MergeNaively([.. symbols], merges)), $"round {round}");
        }
    }

    [Test]
    public void A_million_characters_without_a_space_take_seconds_at_most()
    {
        string text = string.Concat(Enumerable.Repeat("hellohéllo", 100_000));
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60)); // a quadratic merge needs hours
        Task<int[]> task = Task.Run(() => TokenizerFolder.Load(TokenizerTexts.ByteLevel).Encode(text), limit.Token);
        Assert.That(task.Wait(TimeSpan.FromSeconds(60)), "encoding takes more than a minute");
        Assert.That(task.Result, Has.Length.EqualTo(500_000));
        Assert.That(TokenizerFolder.Load(TokenizerTexts.ByteFallback).Encode(text), Has.Length.EqualTo((100_000 * 6) + 1));
    }

    [Test]
    public void Byte_level_decoding_gives_the_text_back()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.ByteLevel);
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        {
            string known = string.Concat((text ?? "").EnumerateRunes()); // unpaired surrogates are U+FFFD
            int[] ids = tokenizer.Encode(known);
            return tokenizer.Decode(ids) == known && tokenizer.EncodeWithOffsets(known).Ids.SequenceEqual(ids);
        }));
    }

    private static List<int> MergeNaively(List<int> symbols, MergeTable merges)
    {
        while (true)
        {
            int best = -1;
            int bestRank = int.MaxValue;
            int bestId = 0;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (merges.TryGet(symbols[i], symbols[i + 1], out int rank, out int merged) && rank < bestRank)
                {
                    (best, bestRank, bestId) = (i, rank, merged);
                }
            }

            if (best < 0)
            {
                return symbols;
            }

            symbols[best] = bestId;
            symbols.RemoveAt(best + 1);
        }
    }
}
