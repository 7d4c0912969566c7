using System.Globalization;
using System.Text;
using Proximal.Data.Sources;

namespace Proximal.Data.Checking;

/// <summary>Tells what files are that lie beside data and are none.</summary>
internal static class OtherFiles
{
    private const int LongestLine = 1 << 14;

    // Longer ones are texts with a label.
    private const int MostWords = 5;

    private static readonly string[] ModelEndings = [".GGUF", ".SAFETENSORS", ".BIN", ".PT", ".PTH", ".MODEL"];

    /// <summary>Why a file of no known ending is passed over.</summary>
    public static string Reason(string file)
    {
        string ending = Path.GetExtension(file);
        if (DataFiles.IsCompanion(file) || Path.GetFileName(file) == DataFiles.DatasetInfo)
        {
            return "its name says that it is no data";
        }

        return ModelEndings.Contains(ending.ToUpperInvariant())
            ? "a file of a model, of which `proximal info` tells"
            : $"'{ending}' is no ending of data files";
    }

    /// <summary>
    /// What the file is where each line begins with a word or a few, a tab and a number, as a lexicon's do; <see langword="null"/>: something else.
    /// A line of names above the columns makes it something else, too.
    /// </summary>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    public static string? Lexicon(RowFile file)
    {
        if (file.Compression != Compression.None || (file.Kind != RowFileKind.Tsv && !file.IsPlainText))
        {
            return null;
        }

        int entries = 0;
        int columns = 0;
        double least = double.PositiveInfinity;
        double most = double.NegativeInfinity;
        using Stream stream = file.Open("The file");
        foreach (RawLine line in new LineReader(stream, LongestLine).Read())
        {
            string[] fields = Encoding.UTF8.GetString(line.Bytes.Span).TrimEnd('\r').Split('\t');
            if (line.IsTooLong || fields.Length < 2 || fields[0].Count(c => c == ' ') >= MostWords || !double.TryParse(fields[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
            {
                return null;
            }

            entries++;
            columns = Math.Max(columns, fields.Length);
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        string range = string.Create(CultureInfo.InvariantCulture, $"a lexicon: {entries} entries with values from {least:0.###} to {most:0.###}");
        return entries == 0 ? null : columns == 2
            ? $"{range}, for the reward `lexicon`"
            : $"{range} and further columns; the reward `lexicon` takes the first two alone (cut -f1,2)";
    }
}
