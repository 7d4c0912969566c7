using System.Globalization;
using System.Net.Http.Headers;

namespace Proximal.Hub;

/// <summary>A file as the hub's headers describe it.</summary>
/// <param name="Hash">What its content is checked with; the name of its blob in the cache.</param>
/// <param name="Size">Bytes.</param>
internal sealed record HubFile(string Hash, long Size)
{
    /// <summary>No file of a model comes near.</summary>
    private const long Largest = 1L << 44;
    private const int ShaLength = 64;
    private const int GitLength = 40;

    /// <summary>Whether the hash is the sha256 of a large file, not git's of a small one.</summary>
    public bool IsLarge => Hash.Length == ShaLength;

    /// <summary>Reads the headers of an answer to HEAD. Those about a linked large file go first.</summary>
    /// <param name="header">A header's first value; <see langword="null"/>: it is missing.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <exception cref="HubException">They are not those of a hub.</exception>
    public static HubFile Read(Func<string, string?> header, string source)
    {
        string etag = header("X-Linked-Etag") ?? header("ETag") ?? throw Damaged(source, "it has no ETag");
        string size = header("X-Linked-Size") ?? header("Content-Length") ?? throw Damaged(source, "it says no size");
        string hash = (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
        if (hash.Length is not (ShaLength or GitLength) || !HubRepository.IsHexadecimal(hash))
        {
            throw Damaged(source, "its ETag is neither a sha256 nor git's hash of the content, so that nothing could be checked");
        }

        return long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes is >= 0 and <= Largest
            ? new HubFile(hash, bytes)
            : throw Damaged(source, "its size is no number of bytes of a file");
    }

    /// <summary>Whether a partial answer holds what was asked for.</summary>
    /// <param name="range">Its Content-Range.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="length">How many.</param>
    public bool IsRange(ContentRangeHeaderValue? range, long start, long length) =>
        range is { Unit: "bytes", From: { } from, To: { } to } && from == start && to == start + length - 1 && (range.Length is null || range.Length == Size);

    private static HubException Damaged(string source, string problem) => new(
        ProximalStatus.CorruptData, $"{source}: the answer is not that of a Hugging Face-compatible hub: {problem}; check --endpoint and HF_ENDPOINT");
}
