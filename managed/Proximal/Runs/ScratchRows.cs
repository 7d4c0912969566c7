using Proximal.Data;

namespace Proximal.Runs;

/// <summary>Where a run keeps its rows: in memory while they are few, and in scratch files of its folder when they are more.</summary>
internal sealed class ScratchRows(RunOptions options) : IDisposable
{
    /// <summary>Bytes of one list of rows that stay in memory.</summary>
    private const long InMemory = 256L << 20;

    private readonly Stack<BlobStore> _stores = new();

    /// <summary>Examples as they are read.</summary>
    public StoredRows<SftExample> Examples() => new(Store(), RowCodec.Write, RowCodec.ReadExample);

    /// <summary>Examples as they are learned.</summary>
    public StoredRows<SftExample> EncodedExamples() => new(Store(), RowCodec.WriteEncoded, RowCodec.ReadEncodedExample);

    /// <summary>Pairs as they are read.</summary>
    public StoredRows<PreferencePair> Pairs() => new(Store(), RowCodec.Write, RowCodec.ReadPair);

    /// <summary>Pairs as they are learned.</summary>
    public StoredRows<PreferencePair> EncodedPairs() => new(Store(), RowCodec.WriteEncoded, RowCodec.ReadEncodedPair);

    /// <summary>Removes the files.</summary>
    public void Dispose()
    {
        while (_stores.TryPop(out BlobStore? store))
        {
            store.Dispose();
        }
    }

    private BlobStore Store()
    {
        var store = new BlobStore(Path.Combine(options.Resolve(options.Output), $".tmp-rows-{_stores.Count}"), InMemory);
        _stores.Push(store);
        return store;
    }
}
