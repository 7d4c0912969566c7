using Proximal.Tokenization.Decoders;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads the "decoder" of tokenizer.json.</summary>
internal static class DecoderReader
{
    private const string Kinds = "Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace, WordPiece, BPEDecoder";

    public static ITokenDecoder Read(JsonPlace place)
    {
        string type = place.Required("type").AsString();
        return type switch
        {
            "Sequence" => new DecoderSequence([.. place.Required("decoders").Items().Select(Read)]),
            "ByteLevel" => new ByteLevelDecoder(),
            "Replace" => new ReplaceDecoder(PatternReader.Read(place.Required("pattern")), place.Required("content").AsString()),
            "ByteFallback" => new ByteFallbackDecoder(),
            "Fuse" => new FuseDecoder(),
            "Strip" => new StripDecoder(
                place.Required("content").AsCharacter(), ReadCount(place.Required("start")), ReadCount(place.Required("stop"))),
            "Metaspace" => new MetaspaceDecoder(PreTokenizerReader.ReadReplacement(place), PreTokenizerReader.ReadScheme(place)),
            "WordPiece" => new WordPieceDecoder(place.Text("prefix", "##"), place.Flag("cleanup", true)),
            "BPEDecoder" => new WordSuffixDecoder(ReadSuffix(place)),
            _ => throw place.Unsupported($"decoders of type \"{type}\" are not supported", $"Supported: {Kinds}"),
        };
    }

    private static int ReadCount(JsonPlace place) => place.AsInteger(0, int.MaxValue);

    private static string ReadSuffix(JsonPlace place)
    {
        string suffix = place.Text("suffix", "</w>");
        return suffix.Length > 0 ? suffix : throw place.Corrupt("\"suffix\" is empty", "Give the mark at the end of words");
    }
}
