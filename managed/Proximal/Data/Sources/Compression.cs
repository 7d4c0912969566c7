namespace Proximal.Data.Sources;

/// <summary>How a file is compressed.</summary>
internal enum Compression
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>RFC 1952, .gz.</summary>
    Gzip,

    /// <summary>RFC 8878, .zst.</summary>
    Zstandard,
}
