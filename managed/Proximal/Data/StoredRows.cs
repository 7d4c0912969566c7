using System.Collections;
using System.Text;

namespace Proximal.Data;

/// <summary>Rows that may be larger than memory: each is written when it is added and read when it is asked for.</summary>
/// <typeparam name="T">A row.</typeparam>
/// <param name="store">Holds them; stays the caller's.</param>
/// <param name="write">Writes a row.</param>
/// <param name="read">Reads what was written.</param>
internal sealed class StoredRows<T>(BlobStore store, Action<BinaryWriter, T> write, Func<BinaryReader, T> read) : IReadOnlyList<T>
{
    /// <inheritdoc/>
    public int Count => store.Count;

    /// <inheritdoc/>
    public T this[int index]
    {
        get
        {
            using var reader = new BinaryReader(new MemoryStream(store.Read(index)), Encoding.UTF8);
            return read(reader);
        }
    }

    /// <summary>Adds a row.</summary>
    public void Add(T row)
    {
        var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8))
        {
            write(writer, row);
        }

        store.Add(bytes.ToArray());
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
