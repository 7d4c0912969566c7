using System.Text;

namespace Proximal.Cli.Terminal;

/// <summary>Breaks text into lines.</summary>
internal static class Paragraph
{
    /// <summary>Appends words in lines no wider than that; lines that are indented are examples and stay as they are.</summary>
    public static void Append(StringBuilder text, string paragraph, int indent, int width)
    {
        string[] lines = paragraph.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            text.Append(i > 0 ? "\n" : string.Empty);
            if (lines[i].StartsWith(' '))
            {
                text.Append(lines[i]);
            }
            else
            {
                AppendWords(text, lines[i], indent, width);
            }
        }
    }

    private static void AppendWords(StringBuilder text, string line, int indent, int width)
    {
        int column = indent;
        foreach (string word in line.Split(' '))
        {
            if (column > indent && column + 1 + word.Length > width)
            {
                text.Append('\n').Append(' ', indent);
                column = indent;
            }
            else if (column > indent)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }
    }
}
