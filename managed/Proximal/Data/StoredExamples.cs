using System.Collections;

namespace Proximal.Data;

/// <summary>Sequences of a store as examples that are learned as a whole, each read when it is asked for.</summary>
/// <param name="store">Holds them; stays the caller's.</param>
/// <param name="items">The store's sequences in the order of the examples; one may stand there several times.</param>
internal sealed class StoredExamples(SequenceStore store, IReadOnlyList<int> items) : IReadOnlyList<SftExample>
{
    /// <inheritdoc/>
    public int Count => items.Count;

    /// <inheritdoc/>
    public SftExample this[int index] => new() { Tokens = store.Read(items[index]) };

    /// <inheritdoc/>
    public IEnumerator<SftExample> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
