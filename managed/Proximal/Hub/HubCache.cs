using Proximal.Internal;

namespace Proximal.Hub;

/// <summary>The folder that huggingface_hub and others keep models in, laid out as they do.</summary>
/// <remarks>
/// models--ORG--NAME/blobs/HASH holds contents, snapshots/COMMIT/FILE links to them, refs/REVISION the commit of a branch or tag,
/// .no_exist/COMMIT/FILE what a commit lacks; .locks beside it keeps two programs from writing one blob.
/// Source: huggingface.co/docs/hub/local-cache.
/// </remarks>
internal sealed class HubCache
{
    private readonly string _root;
    private readonly string _folder;
    private readonly string _locks;

    /// <param name="root">The cache's folder.</param>
    /// <param name="repository">The model.</param>
    public HubCache(string root, HubRepository repository)
    {
        _root = root;
        _folder = Path.Combine(root, repository.FolderName);
        _locks = Path.Combine(root, ".locks", repository.FolderName);
    }

    /// <summary>The snapshot of a model that has been pulled; <see langword="null"/>: there is none.</summary>
    public static string? Find(string root, HubRepository repository) => new HubCache(root, repository).Find(repository.Revision);

    /// <summary>The snapshot of a revision; <see langword="null"/>: there is none.</summary>
    public string? Find(string revision)
    {
        string reference = Path.Combine(_folder, "refs", revision);
        string commit = HubRepository.IsCommit(revision) ? revision : File.Exists(reference) ? File.ReadAllText(reference).Trim() : string.Empty;
        string snapshot = SnapshotOf(commit);
        return HubRepository.IsCommit(commit) && Directory.Exists(snapshot) ? snapshot : null;
    }

    /// <summary>The folder of a commit's files.</summary>
    public string SnapshotOf(string commit) => Path.Combine(_folder, "snapshots", commit);

    /// <summary>A content's place.</summary>
    public string BlobOf(string hash) => Path.Combine(_folder, "blobs", hash);

    /// <summary>What has come of a content so far.</summary>
    public string PartOf(string hash) => BlobOf(hash) + ".incomplete";

    /// <summary>Whether a content is there whole.</summary>
    public bool Has(HubFile file) => new FileInfo(BlobOf(file.Hash)) is { Exists: true } blob && blob.Length == file.Size;

    /// <summary>Waits until no other program writes a content.</summary>
    /// <returns>Ends the lock.</returns>
    public async Task<IDisposable> LockAsync(string hash, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_locks);
        string path = Path.Combine(_locks, hash + ".lock");
        Microsoft.Win32.SafeHandles.SafeFileHandle handle = Posix.OpenShared(path);
        try
        {
            while (!Posix.TryLock(handle, path))
            {
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Makes the folder of the contents.</summary>
    public void Prepare() => Directory.CreateDirectory(Path.Combine(_folder, "blobs"));

    /// <summary>What has come of a content is whole and checked: it takes its place.</summary>
    public void Commit(string hash)
    {
        File.Move(PartOf(hash), BlobOf(hash), overwrite: true);
        Posix.SyncFolder(Path.Combine(_folder, "blobs"));
    }

    /// <summary>Links a file of a commit to its content.</summary>
    public void Link(string commit, string name, string hash)
    {
        string path = PlaceIn(SnapshotOf(commit), name);
        string up = string.Concat(Enumerable.Repeat("../", name.Count(letter => letter == '/') + 2));
        string beside = Path.Combine(Path.GetDirectoryName(path)!, $".{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.new");
        File.Delete(beside);
        File.CreateSymbolicLink(beside, $"{up}blobs/{hash}");
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Remembers that a commit lacks a file.</summary>
    public void SetMissing(string commit, string name) => File.WriteAllBytes(PlaceIn(Path.Combine(_folder, ".no_exist", commit), name), []);

    /// <summary>Remembers the commit of a branch or tag; what was pulled can be found by it from now on.</summary>
    public void SetReference(string revision, string commit)
    {
        if (revision != commit)
        {
            AtomicFile.WriteText(PlaceIn(Path.Combine(_folder, "refs"), revision), commit);
        }
    }

    /// <summary>Bytes that the disk has room for.</summary>
    public long FreeBytes()
    {
        Directory.CreateDirectory(_root);
        return new DriveInfo(_root).AvailableFreeSpace;
    }

    /// <summary>A file's path, whose folders are made. None of them may be a link: it could lead anywhere.</summary>
    private string PlaceIn(string folder, string name)
    {
        if (HubFileName.Problem(name) is { } problem)
        {
            throw new HubException(ProximalStatus.CorruptData, $"a file {HubFileName.Shown(name)} is not written: {problem}");
        }

        string current = _folder;
        foreach (string part in Path.GetRelativePath(_folder, Path.Combine(folder, name)).Split('/')[..^1])
        {
            current = Path.Combine(current, part);
            if (new DirectoryInfo(current).LinkTarget is not null)
            {
                throw new HubException(ProximalStatus.Io, $"{current} is a link, where the cache has a folder: remove it");
            }
        }

        Directory.CreateDirectory(current);
        return Path.Combine(folder, name);
    }
}
