namespace Proximal.Tests.Golden;

/// <summary>A golden file that was found.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Root">The root that it was found under.</param>
/// <param name="RelativePath">Its path below the root, with forward slashes.</param>
internal sealed record GoldenFile(GoldenKind Kind, string Root, string RelativePath)
{
    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(Root, RelativePath);

    /// <summary>The folder that holds the file and what stands beside it.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>The path below the root without the extension; of a golden.json its folder.</summary>
    public string Name => System.IO.Path.GetFileName(RelativePath) == GoldenRoots.FolderFile
        ? System.IO.Path.GetDirectoryName(RelativePath)!
        : System.IO.Path.ChangeExtension(RelativePath, null);

    /// <summary>For the names of tests.</summary>
    public override string ToString() => Name;
}
