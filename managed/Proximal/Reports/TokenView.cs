using System.Globalization;
using System.Text;
using Proximal.Tokenization;

namespace Proximal.Reports;

/// <summary>A response with its tokens coloured by a number: one colour above zero, another below.</summary>
internal static class TokenView
{
    private const double MostColour = 0.6;

    /// <summary>The size of a number that gets full colour; 1 when all are 0.</summary>
    public static double Scale(IEnumerable<double> values)
    {
        // The 95th percentile: one outlier must not make the others pale.
        double[] sizes = [.. values.Where(double.IsFinite).Select(Math.Abs).Order()];
        double scale = sizes.Length == 0 ? 0 : sizes[(int)(0.95 * (sizes.Length - 1))];
        return scale > 0 ? scale : 1;
    }

    /// <summary>The tokens as spans. Tokens that share a character stand together and show the sum of their numbers.</summary>
    /// <param name="tokenizer">Cuts.</param>
    /// <param name="prompt">What stands before, so that a first space is not lost.</param>
    /// <param name="tokens">The response.</param>
    /// <param name="values">A number for each token.</param>
    /// <param name="scale">The size that gets full colour.</param>
    /// <param name="what">The number's name.</param>
    public static string Draw(
        Tokenizer tokenizer, string prompt, IReadOnlyList<int> tokens, IReadOnlyList<double> values, double scale, string what)
    {
        var html = new StringBuilder();
        StreamingDecoder stream = tokenizer.CreateDecodeStream(skipSpecialTokens: false);
        foreach (int token in prompt.Length > 0 ? tokenizer.Encode(prompt) : [])
        {
            stream.Add(token);
        }

        double sum = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            sum += i < values.Count && double.IsFinite(values[i]) ? values[i] : 0;
            if (stream.Add(tokens[i]) is { Length: > 0 } piece)
            {
                AppendSpan(html, piece, sum, scale, what);
                sum = 0;
            }
        }

        if (stream.Finish() is { Length: > 0 } rest)
        {
            AppendSpan(html, rest, sum, scale, what);
        }

        return html.ToString();
    }

    /// <summary>What the colours mean.</summary>
    public static string Legend(double scale) =>
        $"<span class=\"scale\"><span class=\"bar\"></span>−{Figures.Short(scale)} … 0 … +{Figures.Short(scale)}</span>";

    private static void AppendSpan(StringBuilder html, string piece, double value, double scale, string what)
    {
        double share = MostColour * Math.Min(1, Math.Abs(value) / scale);
        string colour = value >= 0 ? "--plus" : "--minus";
        html.Append(CultureInfo.InvariantCulture, $"<span style=\"background:rgba(var({colour}),{share:0.##})\" title=\"{what} {Figures.Short(value)}\">");
        html.Append(Html.Text(piece)).Append("</span>");
    }
}
