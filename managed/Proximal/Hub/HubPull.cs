using System.Globalization;

namespace Proximal.Hub;

/// <summary>Brings a model from a hub into the cache.</summary>
internal sealed class HubPull
{
    private const int FilesAtOnce = 4;
    private const int ShownFiles = 8;

    private readonly HubSettings _settings;
    private readonly HubRepository _repository;
    private readonly HubFilter _filter;
    private readonly HubCache _cache;
    private readonly TimeProvider _time;

    /// <param name="settings">Where from and where to.</param>
    /// <param name="repository">What.</param>
    /// <param name="filter">Which of its files.</param>
    /// <param name="time">All waiting goes by it.</param>
    public HubPull(HubSettings settings, HubRepository repository, HubFilter filter, TimeProvider? time = null)
    {
        _settings = settings;
        _repository = repository;
        _filter = filter;
        _time = time ?? TimeProvider.System;
        _cache = new HubCache(settings.Cache, repository);
    }

    /// <summary>Pulls it.</summary>
    /// <param name="progress">Hears how far it is; may be called by several threads.</param>
    /// <param name="note">Receives what people may want to know.</param>
    /// <param name="cancellationToken">Ends it; what is there is kept.</param>
    /// <returns>The folder of the snapshot.</returns>
    /// <exception cref="HubException">It cannot be had; the message says why and what to do.</exception>
    public async Task<string> RunAsync(Action<HubProgress> progress, Action<string> note, CancellationToken cancellationToken)
    {
        if (_settings.Offline)
        {
            return _cache.Find(_repository.Revision) ?? throw new HubException(
                ProximalStatus.Io, $"{_repository.Id} at revision '{_repository.Revision}' is not in {_settings.Cache}, and HF_HUB_OFFLINE or --offline keeps from asking for it: pull it once with the network");
        }

        using var client = new HubClient(_settings, _repository, _time);
        HubListing listing = await client.ListAsync(cancellationToken).ConfigureAwait(false);
        string[] names = Choose(listing, note);
        HubFile[] files = await DescribeAsync(client, listing.Commit, names, cancellationToken).ConfigureAwait(false);
        RequireRoom(files);
        await DownloadAsync(client, listing.Commit, names, files, progress, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < names.Length; i++)
        {
            _cache.Link(listing.Commit, names[i], files[i].Hash);
        }

        _cache.SetReference(_repository.Revision, listing.Commit);
        return _cache.SnapshotOf(listing.Commit);
    }

    private string[] Choose(HubListing listing, Action<string> note)
    {
        (string[] wanted, string[] leftOut) = _filter.Choose(listing.Files);
        if (wanted.Length == 0)
        {
            throw new HubException(
                ProximalStatus.Io,
                $"{_repository.Id} has no file that --include and --exclude leave; it has {listing.Files.Count}: {string.Join(", ", listing.Files.Take(ShownFiles))}{(listing.Files.Count > ShownFiles ? ", ..." : string.Empty)}");
        }

        if (leftOut.Length > 0)
        {
            note($"left out, as formats that are not read here: {string.Join(", ", leftOut.Take(ShownFiles))}{(leftOut.Length > ShownFiles ? $" and {leftOut.Length - ShownFiles} more" : string.Empty)}; --include '*' takes all");
        }

        return wanted;
    }

    private async Task<HubFile[]> DescribeAsync(HubClient client, string commit, string[] names, CancellationToken cancellationToken)
    {
        HubFile[] files = new HubFile[names.Length];
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Length), At(_settings.Connections, cancellationToken), async (i, cancellation) =>
        {
            try
            {
                files[i] = await client.DescribeAsync(commit, names[i], cancellation).ConfigureAwait(false);
            }
            catch (HubException failure) when (failure.Answer == 404)
            {
                _cache.SetMissing(commit, names[i]);
                throw;
            }
        }).ConfigureAwait(false);
        return files;
    }

    private void RequireRoom(HubFile[] files)
    {
        long needed = files.DistinctBy(file => file.Hash)
            .Where(file => !_cache.Has(file))
            .Sum(file => file.Size - (new FileInfo(_cache.PartOf(file.Hash)) is { Exists: true } part ? Math.Min(part.Length, file.Size) : 0));
        long free = _cache.FreeBytes();
        if (needed > free)
        {
            throw new HubException(
                ProximalStatus.Io,
                string.Create(CultureInfo.InvariantCulture, $"{_repository.Id} takes {needed / 1e9:F1} GB more, and {_settings.Cache} has {free / 1e9:F1} GB of room: make some, set HF_HUB_CACHE to another disk, or choose files with --include"));
        }
    }

    private async Task DownloadAsync(
        HubClient client, string commit, string[] names, HubFile[] files, Action<HubProgress> progress, CancellationToken cancellationToken)
    {
        long total = files.DistinctBy(file => file.Hash).Sum(file => file.Size);
        long bytes = 0;
        int whole = 0;
        void Report(long more) => progress(new HubProgress(Interlocked.Add(ref bytes, more), total, Volatile.Read(ref whole), names.Length));
        var download = new HubDownload(client, _cache, _settings, Report);
        IEnumerable<IGrouping<string, int>> contents = Enumerable.Range(0, names.Length).GroupBy(i => files[i].Hash);
        await Parallel.ForEachAsync(contents, At(FilesAtOnce, cancellationToken), async (same, cancellation) =>
        {
            int first = same.First();
            await download.RunAsync(commit, names[first], files[first], cancellation).ConfigureAwait(false);
            Interlocked.Add(ref whole, same.Count());
            Report(0);
        }).ConfigureAwait(false);
    }

    private static ParallelOptions At(int degree, CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = degree, CancellationToken = cancellationToken };
}
