using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Proximal.Reports;

/// <summary>A data file of a run.</summary>
/// <param name="Name">Its name without folders.</param>
/// <param name="Use">The key of the settings that names it.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash.</param>
internal sealed record CardFile(string Name, string Use, long Bytes, string Sha256);

/// <summary>What a run's settings say of files, without the places where they lay.</summary>
internal sealed partial record CardFiles
{
    private const string SnapshotMark = "models--";

    /// <summary>The settings with paths cut to their last parts.</summary>
    public required string Shortened { get; init; }

    /// <summary>The data files that are still there.</summary>
    public required IReadOnlyList<CardFile> Data { get; init; }

    /// <summary>The model that the run began with, as a reader may know it.</summary>
    public string? Base { get; init; }

    /// <summary>The same where it is a hub's model: ORG/NAME.</summary>
    public string? HubBase { get; init; }

    /// <summary>Reads the text of a run's config.yaml.</summary>
    public static CardFiles Of(string configuration)
    {
        List<CardFile> data = [];
        string? start = null;
        string? hub = null;
        string section = string.Empty;
        string key = string.Empty;
        foreach (string line in configuration.Split('\n'))
        {
            Match entry = Entry().Match(line);
            key = entry.Groups["key"] is { Success: true } named ? named.Value : key;
            section = entry.Groups["indent"].Length == 0 ? key : section;
            string path = entry.Groups["value"].Value.Trim().Trim('"', '\'');
            if (!Path.IsPathFullyQualified(path))
            {
                continue;
            }

            if (section == "model" && key == "path")
            {
                start = Short(path);
                hub = HubName(path);
            }
            else if (File.Exists(path) && section is not ("model" or "tokenizer" or "chat_template"))
            {
                data.Add(Describe(path, section == key ? key : $"{section}.{key}"));
            }
        }

        return new CardFiles { Shortened = Shorten(configuration), Data = data, Base = start, HubBase = hub };
    }

    private static string Shorten(string configuration) => Query().Replace(
        AbsolutePath().Replace(configuration, match => $"{match.Groups["head"].Value}{match.Groups["quote"].Value}{Short(match.Groups["path"].Value)}{match.Groups["quote"].Value}"),
        "?...");

    private static CardFile Describe(string path, string use)
    {
        using FileStream stream = File.OpenRead(path);
        return new CardFile(Path.GetFileName(path), use, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <summary>A model's last two parts, where the last is the same for every run; of a cache's snapshot its name; else the last part.</summary>
    private static string Short(string path)
    {
        string[] parts = Path.TrimEndingDirectorySeparator(path).Split('/');
        return HubName(path) ?? (parts[^1] is Runs.RunFolder.ModelFolder or Runs.RunFolder.AverageFolder && parts.Length > 2 ? $"{parts[^2]}/{parts[^1]}" : parts[^1]);
    }

    private static string? HubName(string path) => Array.Find(path.Split('/'), part => part.StartsWith(SnapshotMark, StringComparison.Ordinal)) is { } folder
        ? folder[SnapshotMark.Length..].Replace("--", "/", StringComparison.Ordinal)
        : null;

    [GeneratedRegex(@"^(?<indent>\s*)(?:- )*(?:(?<key>[\w.]+|""\w+""):\s*)?(?<value>.*)$")]
    private static partial Regex Entry();

    /// <summary>A value that is an absolute path, to the end of its line.</summary>
    [GeneratedRegex(@"^(?<head>\s*(?:-\s+)*(?:[^\s:]+:\s+)?)(?<quote>[""']?)(?<path>/.*?)\k<quote>[ \t]*$", RegexOptions.Multiline)]
    private static partial Regex AbsolutePath();

    /// <summary>What follows an address, and may hold a key.</summary>
    [GeneratedRegex(@"(?<=https?://[^\s?""']+)\?[^\s""']+")]
    private static partial Regex Query();
}
