using Proximal.Internal;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads whole files and says clearly why one cannot be read.</summary>
internal static class FileBytes
{
    /// <summary>Far above every tokenizer in use (the largest are about 40 MB).</summary>
    public const long MaximumLength = 512L << 20;

    public static byte[] Read(string path)
    {
        try
        {
            return WholeFile.Read(path, MaximumLength, out long length) ?? throw new TokenizerException(
                ProximalStatus.Unsupported, path, "", $"{length} bytes are more than a tokenizer has ({MaximumLength})", "Give the tokenizer's own file");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException(ProximalStatus.Io, path, "", $"cannot be read: {exception.Message}", "Check path and permissions");
        }
    }
}
