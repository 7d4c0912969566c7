using System.Text;
using Proximal.Cli.Terminal;
using Proximal.WarmStories;

namespace Proximal.Cli.Commands;

/// <summary>Shows a demo: one bar for all of it, a line for every part, and at the end what it came to.</summary>
internal sealed class DemoView(IProgressView view) : IProgress<DemoProgress>
{
    private const int Width = 80;
    private const string Gap = "   ";

    public void Report(DemoProgress value)
    {
        if (value.Line is { } line)
        {
            view.Line(line);
        }

        view.Report(value.Share, 1, value.Text);
    }

    /// <summary>Ten lines, two stories side by side, the report's path.</summary>
    public static string Conclusion(DemoResult result)
    {
        var text = new StringBuilder();
        text.Append('\n').AppendJoin('\n', result.Lines).Append("\n\n");
        text.AppendJoin('\n', Wrap(result.Prompt, Width)).Append("\n\n");
        int column = (Width - Gap.Length) / 2;
        string[] left = ["BEFORE PPO", .. Wrap(result.Before, column)];
        string[] right = ["AFTER PPO", .. Wrap(result.After, column)];
        for (int row = 0; row < Math.Max(left.Length, right.Length); row++)
        {
            string line = $"{left.ElementAtOrDefault(row) ?? string.Empty}".PadRight(column) + Gap + right.ElementAtOrDefault(row);
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.Append('\n').Append(result.Report).Append('\n').ToString();
    }

    /// <summary>A text in lines of at most so many characters, broken between words.</summary>
    private static List<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        foreach (string word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).SelectMany(word => word.Chunk(width).Select(part => new string(part))))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line.ToString());
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : string.Empty).Append(word);
        }

        lines.Add(line.ToString());
        return lines;
    }
}
