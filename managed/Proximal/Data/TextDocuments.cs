using Proximal.Data.Sources;

namespace Proximal.Data;

/// <summary>Reads the documents of text files and of files of rows one after the other, so that memory does not grow with a file.</summary>
/// <remarks>
/// The ending decides: files of JSON, CSV and Parquet are rows (<see cref="RowFile"/>); every other file is text. UTF-8. Documents of nothing but white space are skipped in text and refused in rows, where they are mistakes.
/// </remarks>
internal static class TextDocuments
{
    /// <summary>Characters after which a document goes on in a new part, at the end of a line where there is one.</summary>
    public const int LongestPart = 1 << 20;

    private const string What = "The text file";

    /// <summary>Reads the documents of a file, of the files in a folder or of those that fit a pattern, in order.</summary>
    /// <param name="path">The file, folder or pattern.</param>
    /// <param name="field">The field of a row that holds its text.</param>
    /// <param name="separator">What stands between the documents of a text file; <see langword="null"/>: the file is one document.</param>
    /// <param name="longestPart">Characters after which a document of a text file goes on in a new part.</param>
    /// <exception cref="DataFileException">The file or a row cannot be used; the text names file, line and the fix.</exception>
    public static IEnumerable<TextPart> Read(string path, string field, string? separator, int longestPart = LongestPart)
    {
        string example = $"{{\"{field}\": \"...\"}}";
        return DataFiles.Of(path, What, TextFiles.Any).SelectMany(file => file.HasRows
            ? JsonRows.Stream(file, What, example, exception => throw exception).Select(row => OfRow(row, field))
            : OfText(file, separator, longestPart));
    }

    private static TextPart OfRow(JsonRow row, string field) =>
        new(row.Text(field, "a text"), Begins: true, Ends: true, row.File, row.Line);

    private static IEnumerable<TextPart> OfText(RowFile file, string? separator, int longestPart)
    {
        var document = new DocumentCutter(file.Path, separator, longestPart);
        char[] block = new char[Math.Min(longestPart, LongestPart)];
        using Stream stream = file.Open(What);
        using var reader = new StreamReader(stream, DataFileException.Utf8);
        while (DataFileException.Guard(file.Path, What, () => reader.ReadBlock(block)) is > 0 and int count)
        {
            foreach (TextPart part in document.Add(block.AsSpan(0, count).ToString()))
            {
                yield return part;
            }
        }

        foreach (TextPart part in document.End())
        {
            yield return part;
        }
    }

    /// <summary>Cuts a text that comes in blocks into documents.</summary>
    private sealed class DocumentCutter(string path, string? separator, int longestPart)
    {
        private string _text = string.Empty;
        private bool _begins = true;
        private int _line = 1;

        public IEnumerable<TextPart> Add(string block)
        {
            _text += block;
            int from = 0;
            while (separator is not null && _text.IndexOf(separator, from, StringComparison.Ordinal) is >= 0 and int at)
            {
                if (Part(_text[from..at], ends: true) is { } document)
                {
                    yield return document;
                }

                _line += separator.Count('\n');
                from = at + separator.Length;
                _begins = true;
            }

            // What may be the beginning of a separator waits for the next block.
            int most = _text.Length - (separator?.Length ?? 0);
            if (most - from >= longestPart)
            {
                int end = LineEnd(from, most);
                if (end > from && Part(_text[from..end], ends: false) is { } part)
                {
                    yield return part;
                    _begins = false;
                }

                from = end;
            }

            _text = _text[from..];
        }

        public IEnumerable<TextPart> End()
        {
            if (Part(_text, ends: true) is { } part)
            {
                yield return part;
            }
        }

        /// <summary>A part without the line ends that a separator on a line of its own leaves; <see langword="null"/>: there is nothing in it.</summary>
        private TextPart? Part(string text, bool ends)
        {
            int line = _line;
            _line += text.Count('\n');
            if (_begins && string.IsNullOrWhiteSpace(text))
            {
                return null;
            }

            if (separator is not null)
            {
                string trimmed = _begins ? text.TrimStart('\r', '\n') : text;
                line += text.AsSpan(0, text.Length - trimmed.Length).Count('\n');
                text = ends ? trimmed.TrimEnd('\r', '\n') : trimmed;
            }

            return new TextPart(text, _begins, ends, path, line);
        }

        /// <summary>The place behind the last line end before a place, or that place, but never within a surrogate pair.</summary>
        private int LineEnd(int from, int most)
        {
            int line = _text.LastIndexOf('\n', most - 1, most - from);
            return line >= 0 ? line + 1 : most - (char.IsHighSurrogate(_text[most - 1]) ? 1 : 0);
        }
    }
}
