using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Golden;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>Every golden encoding, offset, decoding and streaming step, exactly.</summary>
public sealed class TokenizerGoldenTests
{
    private const int ShownFailures = 5;

    private static IEnumerable<string> Files => GoldenRoots.Of(GoldenKind.Tokenizer).Select(file => file.Name).DefaultIfEmpty("none");

    [TestCaseSource(nameof(Files))]
    public void Golden_tokenizer_encodes_decodes_and_streams_as_the_reference(string name)
    {
        GoldenRoots.Demand(GoldenKind.Tokenizer);
        GoldenFile file = GoldenRoots.Of(GoldenKind.Tokenizer).Single(candidate => candidate.Name == name);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(file.Path));
        Tokenizer tokenizer = Tokenizer.Load(Locate(file, golden.RootElement));
        Comparison comparison = new(tokenizer);
        int cases = 0;
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            comparison.CompareEncoding(item);
            comparison.CompareDecoding(item);
            cases++;
        }

        int random = 0;
        foreach (JsonElement item in golden.RootElement.GetProperty("random_ids").EnumerateArray())
        {
            comparison.CompareDecoding(item);
            random++;
        }

        TestContext.Progress.WriteLine(
            $"golden tokenizer {name}: {cases} texts, {random} random id rows, {comparison.Checks} values compared, "
            + $"{comparison.Failures.Count} differ");
        Assert.That(tokenizer.VocabularySize, Is.EqualTo(golden.RootElement.GetProperty("vocab_size").GetInt32()));
        Assert.That(cases, Is.Positive);
        Assert.That(comparison.Failures.Take(ShownFailures), Is.Empty, $"{comparison.Failures.Count} of {comparison.Checks} values differ");
    }

    /// <summary>The tokenizer beside the golden file, or the one that its "source" names ("folder/file", "folder/file + file").</summary>
    private static string Locate(GoldenFile file, JsonElement golden)
    {
        if (!golden.TryGetProperty("source", out JsonElement source))
        {
            return file.Folder;
        }

        string named = source.GetString()!.Split(" + ")[0];
        string? path = GoldenRoots.Locate(file, named);
        if (path is null)
        {
            Assert.That(Environment.GetEnvironmentVariable(GoldenRoots.DataVariable), Is.Null.Or.Empty, $"{GoldenRoots.Data} has no {named}");
            Assert.Ignore($"missing: {named} under {GoldenRoots.Data}");
        }

        return path!;
    }

    /// <summary>Collects what differs between a tokenizer and golden values.</summary>
    private sealed class Comparison(Tokenizer tokenizer)
    {
        public List<string> Failures { get; } = [];

        public int Checks { get; private set; }

        public void CompareEncoding(JsonElement item)
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = Ints(item.GetProperty("ids"));
            Same("ids", text, ids, tokenizer.Encode(text, addSpecialTokens: false));
            Same("ids_with_special", text, Ints(item.GetProperty("ids_with_special")), tokenizer.Encode(text));
            TokenEncoding encoding = tokenizer.EncodeWithOffsets(text, addSpecialTokens: false);
            Same("ids with offsets", text, ids, [.. encoding.Ids]);
            Same(
                "offsets",
                text,
                item.GetProperty("offsets").EnumerateArray().Select(pair => $"{pair[0]}-{pair[1]}"),
                encoding.Offsets.Select(offset => $"{offset.Start}-{offset.End}"));
        }

        public void CompareDecoding(JsonElement item)
        {
            int[] ids = Ints(item.GetProperty("ids"));
            string subject = string.Join(",", ids);
            Same("decode", subject, item.GetProperty("decode").GetString()!, tokenizer.Decode(ids, skipSpecialTokens: false));
            Same("decode_skip", subject, item.GetProperty("decode_skip").GetString()!, tokenizer.Decode(ids));
            CompareStream(item, ids, subject);
            if (item.TryGetProperty("prefixes", out JsonElement prefixes))
            {
                Same(
                    "prefixes",
                    subject,
                    prefixes.EnumerateArray().Select(prefix => prefix.GetString()!),
                    Enumerable.Range(1, ids.Length).Select(count => tokenizer.Decode(ids.AsSpan(0, count), skipSpecialTokens: false)));
            }
        }

        /// <summary>An object in place of a part says that the reference stops there with an error; ours goes on.</summary>
        private void CompareStream(JsonElement item, int[] ids, string subject)
        {
            StreamingDecoder stream = tokenizer.CreateDecodeStream(skipSpecialTokens: false);
            string?[] parts = [.. ids.Select(stream.Add)];
            string?[] expected =
            [
                .. item.GetProperty("stream").EnumerateArray()
                    .TakeWhile(part => part.ValueKind != JsonValueKind.Object)
                    .Select(part => part.GetString()),
            ];
            bool stops = item.GetProperty("stream").EnumerateArray().Any(part => part.ValueKind == JsonValueKind.Object);
            Same("stream", subject, expected.Select(Quote), parts.Take(stops ? expected.Length : parts.Length).Select(Quote));
        }

        private void Same<T>(string what, string subject, IEnumerable<T> expected, IEnumerable<T> actual) =>
            Same(what, subject, string.Join(" ", expected), string.Join(" ", actual));

        private void Same(string what, string subject, string expected, string actual)
        {
            Checks++;
            if (!string.Equals(expected, actual, StringComparison.Ordinal))
            {
                Failures.Add($"{what} of {Quote(subject)}: expected {Quote(expected)}, got {Quote(actual)}");
            }
        }

        private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

        private static string Quote(string? text)
        {
            if (text is null)
            {
                return "null";
            }

            StringBuilder result = new("\"");
            foreach (char c in text)
            {
                result.Append(c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}");
            }

            return result.Append('"').ToString();
        }
    }
}
