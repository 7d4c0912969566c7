namespace Proximal.Data.Sources;

/// <summary>The files that a path stands for: a file, all data files of a folder, or those whose names fit a pattern.</summary>
internal static class DataFiles
{
    private static readonly EnumerationOptions All = new() { RecurseSubdirectories = true, MatchCasing = MatchCasing.CaseSensitive };

    private static readonly (string Word, string Split)[] SplitWords =
    [
        ("train", "train"), ("training", "train"), ("test", "test"), ("testing", "test"), ("eval", "test"), ("evaluation", "test"),
        ("valid", "validation"), ("validation", "validation"), ("val", "validation"), ("dev", "validation"),
    ];

    /// <summary>Texts and tables that lie beside data, by their names without endings.</summary>
    private static readonly string[] Companions = ["license", "licence", "copying", "notice", "readme", "changelog", "source", "requirements", "merges", "vocab"];

    /// <summary>The files of rows that a path stands for, in the order of their names.</summary>
    /// <param name="path">A file, a folder, or a pattern in which * and ? stand for parts of a name and ** for folders.</param>
    /// <param name="what">What the files are, as in "The preference file".</param>
    /// <param name="texts">Which files of text count too.</param>
    /// <exception cref="DataFileException">There is no such file, or a folder holds several splits.</exception>
    public static IReadOnlyList<RowFile> Of(string path, string what, TextFiles texts)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path) || !(Directory.Exists(path) || IsPattern(path)))
        {
            RowFile file = RowFile.Of(path);
            return IsTaken(file, texts)
                ? [file]
                : throw new DataFileException(
                    path, null, $"rows are read from {RowFile.Endings}{(texts == TextFiles.Txt ? ", lines from .txt files" : string.Empty)}, not from '{Path.GetExtension(path)}': convert or rename the file");
        }

        RowFile[] found = [.. Directory.Exists(path) ? InFolder(path, texts != TextFiles.None) : Matching(path, what).Where(file => IsTaken(file, texts))];
        if (found.Length == 0)
        {
            throw new DataFileException(path, null, Directory.Exists(path)
                ? $"{what} is a folder without any data file: name a file, or a folder with {RowFile.Endings}"
                : $"no file has such a name: check the pattern, which may find {RowFile.Endings}");
        }

        RequireOneSplit(path, found);
        return found;
    }

    /// <summary>The data files in a folder and in the folders within it, in the order of their names; hidden ones, descriptions of data, licences and the like are none.</summary>
    public static IEnumerable<RowFile> InFolder(string folder, bool texts) =>
        Directory.EnumerateFiles(folder, "*", All)
            .Where(file => !IsHidden(Path.GetRelativePath(folder, file)) && Path.GetFileName(file) != DatasetInfo)
            .Order(StringComparer.Ordinal)
            .Where(file => !IsCompanion(file))
            .Select(RowFile.Of)
            .Where(file => file.HasRows || (texts && file.IsPlainText));

    /// <summary>Whether a file's name says that it is no data, whatever its ending.</summary>
    public static bool IsCompanion(string path) => Companions.Contains(Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>The file in which LLaMA-Factory describes the others of its folder.</summary>
    public const string DatasetInfo = "dataset_info.json";

    /// <summary>The split that the name of a file speaks of: train, test or validation; <see langword="null"/>: none.</summary>
    public static string? SplitOf(string path)
    {
        string[] words = Path.GetFileName(path).ToLowerInvariant().Split('-', '_', '.', ' ');
        return SplitWords.FirstOrDefault(known => words.Contains(known.Word)).Split;
    }

    private static bool IsTaken(RowFile file, TextFiles texts) => file.HasRows || texts == TextFiles.Any || (texts == TextFiles.Txt && file.IsPlainText);

    private static bool IsPattern(string path) => path.AsSpan().IndexOfAny('*', '?') >= 0;

    private static bool IsHidden(string relative) => relative.Split(Path.DirectorySeparatorChar).Any(part => part.StartsWith('.'));

    private static IEnumerable<RowFile> Matching(string pattern, string what)
    {
        string full = Path.GetFullPath(pattern);
        string[] parts = full.Split(Path.DirectorySeparatorChar);
        int first = Array.FindIndex(parts, IsPattern);
        string folder = string.Join(Path.DirectorySeparatorChar, parts[..first]) + Path.DirectorySeparatorChar;
        if (!Directory.Exists(folder))
        {
            throw new DataFileException(pattern, null, $"{what} does not exist: there is no folder {folder}");
        }

        return Directory.EnumerateFiles(folder, "*", All)
            .Where(file => Fits(Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar), parts.AsSpan(first)))
            .Order(StringComparer.Ordinal)
            .Select(RowFile.Of);
    }

    /// <summary>Whether the parts of a path are those of a pattern; ** stands for any number of folders. A name that begins with a dot needs one in the pattern.</summary>
    private static bool Fits(ReadOnlySpan<string> names, ReadOnlySpan<string> pattern)
    {
        if (pattern.IsEmpty || names.IsEmpty)
        {
            return pattern.IsEmpty && names.IsEmpty;
        }

        if (pattern[0] == "**")
        {
            return Fits(names, pattern[1..]) || (!names[0].StartsWith('.') && Fits(names[1..], pattern));
        }

        return (names[0].StartsWith('.') == pattern[0].StartsWith('.'))
            && System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern[0], names[0], ignoreCase: false)
            && Fits(names[1..], pattern[1..]);
    }

    /// <summary>A run that took all would learn what it is measured with.</summary>
    private static void RequireOneSplit(string path, RowFile[] found)
    {
        string[] splits = [.. found.Select(file => SplitOf(file.Path)).OfType<string>().Distinct()];
        if (splits.Length > 1)
        {
            throw new DataFileException(
                path,
                null,
                $"the files are of several splits ({string.Join(", ", found.Where(file => SplitOf(file.Path) is not null).DistinctBy(file => SplitOf(file.Path)).Select(file => Path.GetFileName(file.Path)))}): "
                + "name those of one, as in FOLDER/train*");
        }
    }
}
