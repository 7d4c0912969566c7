using System.Text.Json;

namespace Proximal.Tokenization.Loading;

/// <summary>Which tokens begin, end and pad sequences: tokenizer_config.json names them, else generation_config.json has their ids.</summary>
internal sealed class SpecialTokens
{
    /// <summary>The file that names tokens.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    private const string GenerationFile = "generation_config.json";

    private readonly Dictionary<string, Role> _roles = [];

    private sealed record Role(JsonPlaceText Place, string? Name, int? Id);

    private sealed record JsonPlaceText(string File, string Path);

    /// <summary>No files, no roles.</summary>
    public static SpecialTokens None { get; } = new();

    /// <summary>Reads the files of a folder; either may be missing.</summary>
    public static SpecialTokens Read(string folder)
    {
        SpecialTokens result = new();
        ReadRoles(Path.Combine(folder, ConfigFile), result.ReadNames);
        ReadRoles(Path.Combine(folder, GenerationFile), result.ReadIds);
        return result;
    }

    /// <summary>Roles by id, of a file that holds everything itself.</summary>
    public static SpecialTokens OfIds(int? bos, int? eos, int? pad)
    {
        SpecialTokens result = new();
        foreach ((string role, int? id) in (ReadOnlySpan<(string, int?)>)[("bos", bos), ("eos", eos), ("pad", pad)])
        {
            if (id is not null)
            {
                result._roles[role] = new Role(new JsonPlaceText("", ""), null, id);
            }
        }

        return result;
    }

    /// <summary>The names that a tokenizer_config.json gives to roles, in the order of the file.</summary>
    public IEnumerable<string> Names => _roles.Values.Select(role => role.Name).OfType<string>().Distinct();

    /// <summary>The ids, given how to find a token.</summary>
    public (int? Bos, int? Eos, int? Pad) Resolve(Func<string, int?> idOf) =>
        (Resolve("bos", idOf), Resolve("eos", idOf), Resolve("pad", idOf));

    private static void ReadRoles(string path, Action<JsonPlace> read)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using JsonFile file = JsonFile.Open(path);
        file.Root.ExpectKind(JsonValueKind.Object, "an object");
        read(file.Root);
    }

    private void ReadNames(JsonPlace root)
    {
        foreach (string role in (string[])["bos", "eos", "unk", "pad"])
        {
            if (root.Optional(role + "_token") is { } place)
            {
                string name = place.Element.ValueKind == JsonValueKind.Object ? place.Required("content").AsString() : place.AsString();
                _roles[role] = new Role(new JsonPlaceText(place.File, place.Path), name, null);
            }
        }
    }

    private void ReadIds(JsonPlace root)
    {
        foreach (string role in (string[])["bos", "eos", "pad"])
        {
            if (!_roles.ContainsKey(role) && root.Optional(role + "_token_id") is { } place)
            {
                JsonPlace? first = place.Element.ValueKind == JsonValueKind.Array
                    ? place.Items().Select(item => (JsonPlace?)item).FirstOrDefault()
                    : place;
                if (first is { } id)
                {
                    _roles[role] = new Role(new JsonPlaceText(id.File, id.Path), null, id.AsInteger(0, int.MaxValue));
                }
            }
        }
    }

    private int? Resolve(string role, Func<string, int?> idOf)
    {
        if (!_roles.TryGetValue(role, out Role? found) || found.Name is null)
        {
            return found?.Id;
        }

        return idOf(found.Name) ?? throw new TokenizerException(
            ProximalStatus.CorruptData,
            found.Place.File,
            found.Place.Path,
            $"the vocabulary has no token \"{found.Name}\"",
            "Name a token of the vocabulary or set it to null");
    }
}
