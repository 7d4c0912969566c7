using System.Text.Json;

namespace Proximal.Hub;

/// <summary>What a model consists of at a commit, as the hub's API says it. Nothing of it is trusted.</summary>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Files">The names of its files.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<string> Files)
{
    private const int MostFiles = 100_000;

    /// <summary>Reads the answer of <c>/api/models/ORG/NAME/revision/REVISION</c>.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="HubException">It is damaged, or names a file that must not be written.</exception>
    public static HubListing Read(ReadOnlyMemory<byte> json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string commit = Text(root, "sha") is { } sha && HubRepository.IsCommit(sha) ? sha : throw Damaged(source, "'sha' is no commit of 40 hexadecimal digits");
            if (!root.TryGetProperty("siblings", out JsonElement siblings) || siblings.ValueKind != JsonValueKind.Array || siblings.GetArrayLength() > MostFiles)
            {
                throw Damaged(source, $"'siblings' is no list of at most {MostFiles} files");
            }

            return new HubListing(commit, Checked([.. siblings.EnumerateArray().Select((file, index) => Text(file, "rfilename") ?? throw Damaged(source, $"file {index} has no 'rfilename'"))], source));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Damaged(source, "it is no JSON");
        }
    }

    /// <summary>Every name is safe and there once, and none is a folder of another.</summary>
    private static string[] Checked(string[] names, string source)
    {
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (HubFileName.Problem(name) is { } problem)
            {
                throw new HubException(
                    ProximalStatus.CorruptData, $"{source}: it lists a file {HubFileName.Shown(name)}: {problem}; nothing was written: do not trust this model");
            }

            if (!known.Add(name))
            {
                throw Damaged(source, $"it lists {HubFileName.Shown(name)} twice");
            }
        }

        foreach (string name in names)
        {
            for (int slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
            {
                if (known.Contains(name[..slash]))
                {
                    throw Damaged(source, $"{HubFileName.Shown(name[..slash])} is a file and a folder");
                }
            }
        }

        return names;
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static HubException Damaged(string source, string problem) => new(
        ProximalStatus.CorruptData, $"{source}: the answer is not that of a Hugging Face-compatible hub: {problem}; check --endpoint and HF_ENDPOINT");
}
