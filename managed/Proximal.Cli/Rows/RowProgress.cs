using System.Globalization;
using Proximal.Cli.Terminal;

namespace Proximal.Cli.Rows;

/// <summary>Tells a view how far the rows are, and how fast.</summary>
internal sealed class RowProgress(IProgressView view, string name, RowReader reader)
{
    private readonly long _start = TimeProvider.System.GetTimestamp();

    /// <summary>Says where the work is.</summary>
    /// <param name="row">The last row that was taken up.</param>
    /// <param name="rows">Rows answered.</param>
    /// <param name="tokens">Tokens made or scored in them; <see langword="null"/>: not of interest.</param>
    public void Report(InputRow row, long rows, long? tokens = null)
    {
        double seconds = Math.Max(1e-3, TimeProvider.System.GetElapsedTime(_start).TotalSeconds);
        (long count, string unit) = tokens is { } many ? (many, "tokens") : (rows, "rows");
        view.Report(row.End, reader.Length, string.Create(
            CultureInfo.InvariantCulture, $"{name}: {rows} rows, {count / seconds:F0} {unit}/s"));
    }
}
