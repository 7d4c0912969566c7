using System.Text;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.PreTokenizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads the "pre_tokenizer" of tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    private const string Kinds =
        "Sequence, ByteLevel, Split, Digits, Metaspace, BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, CharDelimiterSplit";

    public static IPreTokenizer Read(JsonPlace place)
    {
        string type = place.Required("type").AsString();
        return type switch
        {
            "Sequence" => ReadSequence(place),
            "ByteLevel" => new ByteLevelPreTokenizer(place.Flag("add_prefix_space", true), place.Flag("use_regex", true)),
            "Split" => new SplitPreTokenizer(
                PatternReader.Read(place.Required("pattern")), ReadBehavior(place.Required("behavior")), place.Flag("invert", false)),
            "Digits" => new SplitPreTokenizer(
                new ClassPattern(rune => (CharacterClasses.Of(rune) & CharacterClass.Number) != 0),
                place.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "Metaspace" => ReadMetaspace(place),
            "BertPreTokenizer" => new BertPreTokenizer(),
            "Whitespace" => new SplitPreTokenizer(new RegexPattern(@"\w+|[^\w\s]+"), SplitBehavior.Removed, invert: true),
            "WhitespaceSplit" => new SplitPreTokenizer(new ClassPattern(Rune.IsWhiteSpace), SplitBehavior.Removed),
            "Punctuation" => new SplitPreTokenizer(
                new ClassPattern(rune => (CharacterClasses.Of(rune) & CharacterClass.Punctuation) != 0),
                place.Optional("behavior") is { } behavior ? ReadBehavior(behavior) : SplitBehavior.Isolated),
            "CharDelimiterSplit" => new SplitPreTokenizer(
                new LiteralPattern(place.Required("delimiter").AsCharacter()), SplitBehavior.Removed),
            _ => throw place.Unsupported($"pre-tokenizers of type \"{type}\" are not supported", $"Supported: {Kinds}"),
        };
    }

    /// <summary>Reads "prepend_scheme", or the older "add_prefix_space".</summary>
    public static PrependScheme ReadScheme(JsonPlace place)
    {
        string missing = place.Flag("add_prefix_space", true) ? "always" : "never";
        string scheme = place.Text("prepend_scheme", missing);
        return scheme switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw place.Corrupt($"\"prepend_scheme\" is \"{scheme}\"", "Use always, first or never"),
        };
    }

    /// <summary>Reads the one character that stands for a space.</summary>
    public static string ReadReplacement(JsonPlace place) => place.Required("replacement").AsCharacter();

    private static PreTokenizerSequence ReadSequence(JsonPlace place) =>
        new([.. place.Required("pretokenizers").Items().Select(Read).SelectMany(step => step is PreTokenizerSequence inner ? inner.Steps : [step])]);

    private static MetaspacePreTokenizer ReadMetaspace(JsonPlace place) =>
        new(ReadReplacement(place), ReadScheme(place), place.Flag("split", true));

    private static SplitBehavior ReadBehavior(JsonPlace place) => place.AsString() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        string other => throw place.Corrupt(
            $"\"{other}\" is no behavior", "Use Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
    };
}
