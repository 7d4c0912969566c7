using System.Globalization;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The rows of several sources, and what an epoch takes of each.</summary>
/// <typeparam name="T">A row.</typeparam>
internal sealed class SourceRows<T>
{
    private const ulong Stream = 0x4D49_5831;

    private readonly RowSourceOptions _options;
    private readonly IReadOnlyList<T> _rows;

    /// <summary>Of each source the places of its rows.</summary>
    private readonly int[][] _parts;

    private SourceRows(RowSourceOptions options, IReadOnlyList<T> rows, int[][] parts)
    {
        _options = options;
        _rows = rows;
        _parts = parts;
    }

    /// <summary>All rows, in the order of the sources.</summary>
    public IReadOnlyList<T> All => new RowView<T>(_rows, [.. _parts.SelectMany(part => part)]);

    /// <summary>Reads the rows of all sources.</summary>
    /// <param name="options">Name them.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="names">The names of fields that were given.</param>
    /// <param name="read">Reads the rows of one.</param>
    /// <param name="notes">Are told how many rows cannot be used, where those are left out.</param>
    /// <param name="store">Where the rows are kept; <see langword="null"/>: in memory.</param>
    public static SourceRows<T> Read(
        RowSourceOptions options, Func<string, string> resolve, RowNames names, Func<DataSource, IEnumerable<T>> read, List<string> notes, StoredRows<T>? store = null)
    {
        var held = new List<T>();
        IReadOnlyList<T> rows = store is null ? held : store;
        var parts = new List<int[]>();
        foreach (DataSource source in options.Open(resolve, names))
        {
            int first = rows.Count;
            foreach (T row in Usable(options, source, read, notes))
            {
                (store is null ? held.Add : (Action<T>)store.Add)(row);
            }

            parts.Add([.. Enumerable.Range(first, rows.Count - first)]);
        }

        return new SourceRows<T>(options, rows, [.. parts]);
    }

    /// <summary>Reads the rows of another path, which have the form of these options.</summary>
    public static IReadOnlyList<T> Other(
        RowSourceOptions options, string path, RowNames names, Func<DataSource, IEnumerable<T>> read, List<string> notes, StoredRows<T>? store = null)
    {
        if (store is null)
        {
            return [.. Usable(options, options.Like(path, names), read, notes)];
        }

        foreach (T row in Usable(options, options.Like(path, names), read, notes))
        {
            store.Add(row);
        }

        return store;
    }

    /// <summary>The rows that are trained on and those that are measured with.</summary>
    public (SourceRows<T> Training, IReadOnlyList<T> Validation) Split(SupervisedValidationOptions split, Func<T, string> prompt)
    {
        bool[] validates = split.Choose(_options.PathNames, _rows.Select(prompt));
        return (
            new SourceRows<T>(_options, _rows, [.. _parts.Select(part => part.Where(row => !validates[row]).ToArray())]),
            new RowView<T>(_rows, [.. _parts.SelectMany(part => part.Where(row => validates[row]))]));
    }

    /// <summary>The rows of an epoch: all of them, or as many of each source as its weight says.</summary>
    /// <param name="seed">Draws those that are taken, or taken once more.</param>
    /// <param name="notes">Are told how many are from where.</param>
    public IReadOnlyList<T> Epoch(ulong seed, List<string> notes)
    {
        if (_options.Sources.Count == 0 || _options.Sources[0].Weight is null)
        {
            return All;
        }

        double[] rates = [.. _parts.Select((part, source) => part.Length / _options.Sources[source].Weight!.Value)];
        double unit = _options.Mixing == SourceMixing.Under ? rates.Min() : rates.Max();
        var epoch = new List<int>();
        for (int source = 0; source < _parts.Length; source++)
        {
            double weight = _options.Sources[source].Weight!.Value;
            // NUMERICS: the source that sets the length has exactly its rows, whatever the division rounds to.
            int count = Math.Max(1, (int)Math.Floor((unit * weight) + 1e-6));
            epoch.AddRange(Drawn(_parts[source], count, seed, (ulong)source));
            notes.Add(string.Create(
                CultureInfo.InvariantCulture, $"{Path.GetFileName(_options.Sources[source].Path)}: an epoch has {count} of its {_parts[source].Length} rows, by weight {weight}"));
        }

        return new RowView<T>(_rows, epoch);
    }

    /// <summary>Whole passes, and for what is left so many rows in the order of the file.</summary>
    private static IEnumerable<int> Drawn(int[] rows, int count, ulong seed, ulong source)
    {
        (int passes, int rest) = Math.DivRem(count, rows.Length);
        IEnumerable<int> part = new RandomStream(seed, (Stream << 16) + source).Permutation(rows.Length).Take(rest).Order();
        return Enumerable.Repeat(rows, passes).SelectMany(pass => pass).Concat(part.Select(row => rows[row]));
    }

    private static IEnumerable<T> Usable(RowSourceOptions options, DataSource source, Func<DataSource, IEnumerable<T>> read, List<string> notes)
    {
        int unusable = 0;
        DataFileException? first = null;
        Action<DataFileException>? leaveOut = options.Unusable == UnusableRows.Refuse ? null : exception =>
        {
            unusable++;
            first ??= exception;
        };
        foreach (T row in read(source with { Unusable = leaveOut }))
        {
            yield return row;
        }

        if (first is not null)
        {
            notes.Add($"{unusable} rows that cannot be used were left out; the first: {first.Message}");
        }
    }
}
