using System.Text;

namespace Proximal.Data.Sources;

/// <summary>Cuts a text into records of cells: RFC 4180, and the same with another separator.</summary>
/// <remarks>
/// A cell that begins with a quote ends with one; two of them within it are one, and separators and line ends within it are its own. In
/// other cells quotes are characters like others. A cell without anything in it, not even quotes, is <see langword="null"/>. Lines without
/// anything are skipped. Memory is bounded by the longest record that is allowed.
/// </remarks>
/// <param name="reader">The text.</param>
/// <param name="separator">What stands between cells.</param>
/// <param name="longest">The most characters of a record.</param>
internal sealed class CsvReader(TextReader reader, char separator, int longest)
{
    private const int End = -1;

    private readonly char[] _block = new char[1 << 15];
    private readonly StringBuilder _cell = new();
    private int _at;
    private int _count;
    private int _line = 1;

    /// <summary>The next record; <see langword="null"/>: there is none.</summary>
    public CsvRecord? Next()
    {
        while (Peek() is '\n' or '\r')
        {
            EndLine();
        }

        if (Peek() == End)
        {
            return null;
        }

        int line = _line;
        var cells = new List<string?>();
        int left = longest;
        while (true)
        {
            string? problem = Cell(cells, ref left);
            if (problem is not null)
            {
                SkipLine();
                return new CsvRecord(line, cells, problem);
            }

            if (Peek() != separator)
            {
                EndLine();
                return new CsvRecord(line, cells, null);
            }

            Take();
        }
    }

    /// <summary>Reads a cell, up to what ends it; returns what is wrong with it.</summary>
    private string? Cell(List<string?> cells, ref int left)
    {
        _cell.Clear();
        bool isQuoted = Peek() == '"';
        string? problem = isQuoted ? Quoted(ref left) : Bare(ref left);
        cells.Add(_cell.Length == 0 && !isQuoted ? null : _cell.ToString());
        return problem;
    }

    private string? Quoted(ref int left)
    {
        Take();
        while (true)
        {
            int next = Peek();
            if (next == End)
            {
                return "a quoted cell does not end: close it with \", and write a quote within it as \"\"";
            }

            Take();
            if (next == '"')
            {
                if (Peek() != '"')
                {
                    return IsEnd(Peek()) ? null : "something stands behind the quote that ends a cell: write a quote within a cell as \"\"";
                }

                Take();
            }

            if (!TryAppend((char)next, ref left))
            {
                return TooLong;
            }
        }
    }

    private string? Bare(ref int left)
    {
        while (!IsEnd(Peek()))
        {
            if (!TryAppend((char)Peek(), ref left))
            {
                return TooLong;
            }

            Take();
        }

        return null;
    }

    private string TooLong => $"the row has more than {longest} characters: is the quote that ends a cell missing?";

    private bool TryAppend(char value, ref int left)
    {
        _cell.Append(value);
        return --left >= 0;
    }

    /// <summary>A carriage return ends a line only before a line feed, which is looked at when it comes.</summary>
    private bool IsEnd(int value) => value is End or '\n' || value == separator || (value == '\r' && PeekSecond() is '\n' or End);

    private void EndLine()
    {
        if (Peek() == '\r')
        {
            Take();
        }

        if (Peek() == '\n')
        {
            Take();
        }
    }

    private void SkipLine()
    {
        while (Peek() is not (End or '\n'))
        {
            Take();
        }

        EndLine();
    }

    private int Peek() => _at < _count || Refill() ? _block[_at] : End;

    private int PeekSecond()
    {
        if (_at + 1 < _count)
        {
            return _block[_at + 1];
        }

        // The last character of a block moves to its front.
        char first = _block[_at];
        int more = reader.ReadBlock(_block, 1, _block.Length - 1);
        _block[0] = first;
        (_at, _count) = (0, 1 + more);
        return more > 0 ? _block[1] : End;
    }

    private void Take()
    {
        if (_block[_at] == '\n')
        {
            _line++;
        }

        _at++;
    }

    private bool Refill()
    {
        _count = reader.ReadBlock(_block, 0, _block.Length);
        _at = 0;
        return _count > 0;
    }
}
