using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads the "normalizer" of tokenizer.json.</summary>
internal static class NormalizerReader
{
    private const string Kinds =
        "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, BertNormalizer, ByteLevel, Precompiled";

    public static INormalizer Read(JsonPlace place)
    {
        string type = place.Required("type").AsString();
        return type switch
        {
            "Sequence" => new NormalizerSequence([.. place.Required("normalizers").Items().Select(Read)]),
            "Prepend" => new PrependNormalizer(place.Required("prepend").AsString()),
            "Replace" => new ReplaceNormalizer(PatternReader.Read(place.Required("pattern")), place.Required("content").AsString()),
            "NFC" => new UnicodeNormalizer(UnicodeForm.Nfc),
            "NFD" => new UnicodeNormalizer(UnicodeForm.Nfd),
            "NFKC" => new UnicodeNormalizer(UnicodeForm.Nfkc),
            "NFKD" => new UnicodeNormalizer(UnicodeForm.Nfkd),
            "Lowercase" => new LowercaseNormalizer(),
            "Strip" => new StripNormalizer(place.Flag("strip_left", true), place.Flag("strip_right", true)),
            "StripAccents" => FilterNormalizer.WithoutAccents,
            "BertNormalizer" => ReadBert(place),
            "ByteLevel" => new ByteLevelNormalizer(),
            "Precompiled" => PrecompiledReader.Read(place.Required("precompiled_charsmap")),
            _ => throw place.Unsupported($"normalizers of type \"{type}\" are not supported", $"Supported: {Kinds}"),
        };
    }

    private static BertNormalizer ReadBert(JsonPlace place)
    {
        bool lowercase = place.Flag("lowercase", true);
        return new BertNormalizer(
            place.Flag("clean_text", true), place.Flag("handle_chinese_chars", true), place.Flag("strip_accents", lowercase), lowercase);
    }
}
