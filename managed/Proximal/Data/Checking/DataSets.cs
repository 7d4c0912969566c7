using System.Text.RegularExpressions;
using Proximal.Data.Sources;

namespace Proximal.Data.Checking;

/// <summary>Puts the files of a folder together that are parts of the same data: shards, and splits whose names differ in nothing else.</summary>
internal static partial class DataSets
{
    /// <summary>The sets in the order of their files, and the files that hold no rows by their names.</summary>
    public static (IReadOnlyList<IReadOnlyList<RowFile>> Sets, IReadOnlyList<string> Others) Of(string folder)
    {
        RowFile[] files = [.. DataFiles.InFolder(folder, texts: true)];
        var taken = files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        string[] others =
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(file => !taken.Contains(file) && !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).Any(part => part.StartsWith('.')))
                .Order(StringComparer.Ordinal),
        ];
        return ([.. files.GroupBy(KeyOf, StringComparer.Ordinal).Select(IReadOnlyList<RowFile> (set) => [.. set])], others);
    }

    /// <summary>The split of a file among those of its set.</summary>
    public static string SplitOf(string path) => DataFiles.SplitOf(path) ?? path;

    private static string KeyOf(RowFile file)
    {
        if (DataFiles.SplitOf(file.Path) is null && !Shard().IsMatch(file.Path))
        {
            return file.Path;
        }

        string name = Shard().Replace(Path.GetFileNameWithoutExtension(file.Compression == Compression.None ? file.Path : file.Path[..file.Path.LastIndexOf('.')]), string.Empty);
        string[] words = [.. name.Split('-', '_', '.', ' ').Where(word => DataFiles.SplitOf(word) is null)];
        return Path.Combine(Path.GetDirectoryName(file.Path)!, $"{string.Join('-', words)}*{file.Kind}");
    }

    [GeneratedRegex(@"-?\d{5}-of-\d{5}", RegexOptions.CultureInvariant)]
    private static partial Regex Shard();
}
