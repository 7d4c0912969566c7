using System.Collections;

namespace Proximal.Data;

/// <summary>Some rows of a list, in an order of their own; one may stand there several times.</summary>
/// <typeparam name="T">A row.</typeparam>
/// <param name="rows">The list.</param>
/// <param name="items">The places of the rows in it.</param>
internal sealed class RowView<T>(IReadOnlyList<T> rows, IReadOnlyList<int> items) : IReadOnlyList<T>
{
    /// <inheritdoc/>
    public int Count => items.Count;

    /// <inheritdoc/>
    public T this[int index] => rows[items[index]];

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => items.Select(item => rows[item]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
