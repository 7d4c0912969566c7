using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.PostProcessors;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads the "post_processor" of tokenizer.json.</summary>
internal sealed class PostProcessorReader(Vocabulary vocabulary, IReadOnlyList<AddedToken> added)
{
    private const string Kinds = "Sequence, TemplateProcessing, ByteLevel, RobertaProcessing, BertProcessing";

    private readonly HashSet<int> _addedIds = [.. added.Select(token => token.Id)];

    public IPostProcessor Read(JsonPlace place)
    {
        string type = place.Required("type").AsString();
        return type switch
        {
            "Sequence" => new PostProcessorSequence([.. place.Required("processors").Items().Select(Read)]),
            "TemplateProcessing" => ReadTemplate(place),
            "ByteLevel" => place.Flag("trim_offsets", true)
                ? new OffsetTrimmer(place.Flag("add_prefix_space", true))
                : new PostProcessorSequence([]),
            "RobertaProcessing" => ReadRoberta(place),
            "BertProcessing" => ReadFrame(place),
            _ => throw place.Unsupported($"post-processors of type \"{type}\" are not supported", $"Supported: {Kinds}"),
        };
    }

    private PostProcessorSequence ReadRoberta(JsonPlace place)
    {
        TemplatePostProcessor frame = ReadFrame(place);
        return place.Flag("trim_offsets", true)
            ? new PostProcessorSequence([new OffsetTrimmer(place.Flag("add_prefix_space", true)), frame])
            : new PostProcessorSequence([frame]);
    }

    private TemplatePostProcessor ReadFrame(JsonPlace place) =>
        new([[ReadNamedId(place.Required("cls"))], null, [ReadNamedId(place.Required("sep"))]]);

    private int ReadNamedId(JsonPlace place)
    {
        JsonPlace[] pair = [.. place.Items()];
        return pair.Length == 2
            ? ReadId(pair[1])
            : throw place.Corrupt($"expected a token and its id, got {pair.Length} items", "Correct the pair");
    }

    private TemplatePostProcessor ReadTemplate(JsonPlace place)
    {
        Dictionary<string, int[]> special = new(StringComparer.Ordinal);
        foreach ((string name, JsonPlace token) in place.Optional("special_tokens")?.Members() ?? [])
        {
            special[name] = [.. token.Required("ids").Items().Select(ReadId)];
        }

        int[]?[] parts = [.. place.Required("single").Items().Select(part => ReadPart(part, special))];
        return parts.Count(part => part is null) == 1
            ? new TemplatePostProcessor(parts)
            : throw place.Corrupt("\"single\" must hold the sequence A exactly once", "Correct the template");
    }

    private static int[]? ReadPart(JsonPlace part, Dictionary<string, int[]> special)
    {
        if (part.Optional("Sequence") is { } sequence)
        {
            string id = sequence.Required("id").AsString();
            return id == "A" ? null : throw sequence.Corrupt($"sequence \"{id}\" in the template of one text", "Use A");
        }

        JsonPlace name = part.Required("SpecialToken").Required("id");
        return special.TryGetValue(name.AsString(), out int[]? ids)
            ? ids
            : throw name.Corrupt($"\"special_tokens\" has no \"{name.AsString()}\"", "Add it with its ids");
    }

    private int ReadId(JsonPlace place)
    {
        int id = place.AsInteger(0, Vocabulary.MaximumId);
        return _addedIds.Contains(id) || vocabulary.TokenOf(id) is not null
            ? id
            : throw place.Corrupt($"the vocabulary has no id {id}", "Use the id of a token");
    }
}
