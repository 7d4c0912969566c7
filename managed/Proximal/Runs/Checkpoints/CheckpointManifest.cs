using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Proximal.Internal;

namespace Proximal.Runs.Checkpoints;

/// <summary><c>checksums.json</c>: the size and SHA-256 of every other file of a checkpoint.</summary>
internal sealed record CheckpointManifest
{
    public const string FileName = "checksums.json";

    public required int Format { get; init; }

    /// <summary>By path within the checkpoint, with slashes.</summary>
    public required IReadOnlyDictionary<string, FileEntry> Files { get; init; }

    /// <summary>Brings every file of a folder to the disk and writes the manifest last.</summary>
    public static void Seal(string folder)
    {
        var files = new SortedDictionary<string, FileEntry>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            files.Add(Path.GetRelativePath(folder, file), Entry(file, sync: true));
        }

        string path = Path.Combine(folder, FileName);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(
            new CheckpointManifest { Format = CheckpointJson.Format, Files = files }, CheckpointJson.Options));
        Entry(path, sync: true);
        foreach (string child in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
        {
            Posix.SyncFolder(child);
        }

        Posix.SyncFolder(folder);
    }

    /// <summary>Reads every file of a folder back.</summary>
    /// <exception cref="CheckpointException">One is missing or is not what was written; the text names it.</exception>
    public static void Verify(string folder)
    {
        CheckpointManifest manifest = Read(folder);
        foreach ((string name, FileEntry expected) in manifest.Files)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new CheckpointException(folder, $"{folder}: {name} is missing.");
            }

            FileEntry found = EntryOf(folder, name, path);
            if (found.Bytes != expected.Bytes)
            {
                throw new CheckpointException(folder, $"{folder}: {name} has {found.Bytes} bytes; {expected.Bytes} were written.");
            }

            if (found.Sha256 != expected.Sha256)
            {
                throw new CheckpointException(folder, $"{folder}: {name} is damaged: its SHA-256 is not that of what was written.");
            }
        }

        if (!manifest.Files.ContainsKey(Checkpoint.StateFile))
        {
            throw new CheckpointException(folder, $"{folder}: {FileName} does not name {Checkpoint.StateFile}.");
        }
    }

    private static CheckpointManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new CheckpointException(folder, $"{folder}: {FileName} is missing.");
        }

        try
        {
            CheckpointManifest manifest = JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllBytes(path), CheckpointJson.Options)
                ?? throw new JsonException("null");
            CheckpointJson.CheckFormat(folder, manifest.Format);
            manifest.CheckNames(folder);
            return manifest;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(folder, $"{folder}: {FileName} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Every file has its entry and lies within the checkpoint.</summary>
    private void CheckNames(string folder)
    {
        string root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        foreach ((string name, FileEntry? entry) in Files ?? throw new JsonException("the files are null"))
        {
            if (entry is null || name.Contains('\0', StringComparison.Ordinal)
                || !Path.GetFullPath(Path.Combine(root, name)).StartsWith(root, StringComparison.Ordinal))
            {
                throw new JsonException($"'{name}' is no file of the checkpoint with its size and SHA-256");
            }
        }
    }

    private static FileEntry EntryOf(string folder, string name, string path)
    {
        try
        {
            return Entry(path, sync: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(folder, $"{folder}: {name} cannot be read: {exception.Message}", exception);
        }
    }

    private static FileEntry Entry(string path, bool sync)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20);
        if (sync)
        {
            SafeFileHandle handle = file.SafeFileHandle;
            RandomAccess.FlushToDisk(handle);
        }

        return new FileEntry(file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    internal sealed record FileEntry(long Bytes, string Sha256);
}
