namespace Proximal.Tests.Hub;

/// <summary>A request as it came.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record HubRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public string? Authorization => Headers.GetValueOrDefault("Authorization");

    /// <summary>The bytes that are asked for; <see langword="null"/>: all.</summary>
    public (int From, int To)? Range
    {
        get
        {
            if (!Headers.TryGetValue("Range", out string? range))
            {
                return null;
            }

            string[] ends = range.Replace("bytes=", string.Empty, StringComparison.Ordinal).Split('-');
            return (int.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture), int.Parse(ends[1], System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
