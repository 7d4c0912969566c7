using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Proximal.Hub;

/// <summary>The hash of a file as the hub counts it: sha256 of a large one, git's of a small one (sha1 of "blob SIZE\0" and the content).</summary>
internal sealed class HubHash : IDisposable
{
    private readonly HubFile _file;
    private readonly IncrementalHash _hash;

    /// <param name="file">The file that it is for.</param>
    public HubHash(HubFile file)
    {
        _file = file;
        _hash = IncrementalHash.CreateHash(file.IsLarge ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!file.IsLarge)
        {
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        }
    }

    /// <summary>Goes on with the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether all bytes so far have the file's hash.</summary>
    public bool Matches() => Convert.ToHexStringLower(_hash.GetCurrentHash()) == _file.Hash;

    public void Dispose() => _hash.Dispose();
}
