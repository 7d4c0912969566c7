using System.Globalization;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The rows of several sources, and what an epoch takes of each.</summary>
/// <typeparam name="T">A row.</typeparam>
internal sealed class SourceRows<T>
{
    private const ulong Stream = 0x4D49_5831;

    private readonly RowSourceOptions _options;
    private readonly IReadOnlyList<(int Source, T Row)> _rows;

    private SourceRows(RowSourceOptions options, IReadOnlyList<(int Source, T Row)> rows)
    {
        _options = options;
        _rows = rows;
    }

    /// <summary>All rows, in the order of the sources.</summary>
    public IReadOnlyList<T> All => [.. _rows.Select(row => row.Row)];

    /// <summary>Reads the rows of all sources.</summary>
    /// <param name="options">Name them.</param>
    /// <param name="read">Reads the rows of one, by its number.</param>
    public static SourceRows<T> Read(RowSourceOptions options, Func<int, IEnumerable<T>> read) =>
        new(options, [.. Enumerable.Range(0, Math.Max(1, options.Sources.Count)).SelectMany(source => read(source).Select(row => (source, row)))]);

    /// <summary>The rows that are trained on and those that are measured with.</summary>
    public (SourceRows<T> Training, IReadOnlyList<T> Validation) Split(SupervisedValidationOptions split, Func<T, string> prompt)
    {
        (IReadOnlyList<(int Source, T Row)> training, IReadOnlyList<(int Source, T Row)> validation) = split.Split(_options.PathNames, _rows, row => prompt(row.Row));
        return (new SourceRows<T>(_options, training), [.. validation.Select(row => row.Row)]);
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

        T[][] parts = [.. _options.Sources.Select((_, source) => _rows.Where(row => row.Source == source).Select(row => row.Row).ToArray())];
        double[] rates = [.. parts.Select((part, source) => part.Length / _options.Sources[source].Weight!.Value)];
        double unit = _options.Mixing == SourceMixing.Under ? rates.Min() : rates.Max();
        var epoch = new List<T>();
        for (int source = 0; source < parts.Length; source++)
        {
            double weight = _options.Sources[source].Weight!.Value;
            // NUMERICS: the source that sets the length has exactly its rows, whatever the division rounds to.
            int count = Math.Max(1, (int)Math.Floor((unit * weight) + 1e-6));
            epoch.AddRange(Drawn(parts[source], count, seed, (ulong)source));
            notes.Add(string.Create(
                CultureInfo.InvariantCulture, $"{Path.GetFileName(_options.Sources[source].Path)}: an epoch has {count} of its {parts[source].Length} rows, by weight {weight}"));
        }

        return epoch;
    }

    /// <summary>Whole passes, and for what is left so many rows in the order of the file.</summary>
    private static IEnumerable<T> Drawn(T[] rows, int count, ulong seed, ulong source)
    {
        (int passes, int rest) = Math.DivRem(count, rows.Length);
        IEnumerable<int> part = new RandomStream(seed, (Stream << 16) + source).Permutation(rows.Length).Take(rest).Order();
        return Enumerable.Repeat(rows, passes).SelectMany(pass => pass).Concat(part.Select(row => rows[row]));
    }
}
