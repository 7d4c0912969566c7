using System.Text;
using System.Text.RegularExpressions;

namespace Proximal.Hub;

/// <summary>Chooses files by patterns as huggingface_hub does: * is any text, / in it too, ? one character, [abc] one of several; a pattern that ends in / is a folder.</summary>
internal sealed class HubFilter
{
    /// <summary>Other formats of the same weights, which this product does not read.</summary>
    private static readonly string[] OtherWeights =
        ["*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.onnx_data", "*.tflite", "onnx/", "original/", "coreml/", "openvino/", "flax_model*"];

    private const int LongestPattern = 500;

    private readonly Regex[] _include;
    private readonly Regex[] _exclude;
    private readonly bool _isDefault;

    /// <param name="include">Patterns of the files to take; empty: all but weights in formats that are not read, where there are safetensors or GGUF files.</param>
    /// <param name="exclude">Patterns of files to leave out.</param>
    public HubFilter(IReadOnlyList<string> include, IReadOnlyList<string> exclude)
    {
        _include = [.. include.Select(Pattern)];
        _exclude = [.. exclude.Select(Pattern)];
        _isDefault = include.Count == 0;
    }

    /// <summary>The files that are wanted, and those that only the default leaves out.</summary>
    public (string[] Wanted, string[] LeftOut) Choose(IReadOnlyList<string> files)
    {
        string[] asked = [.. files.Where(file => (_include.Length == 0 || Matches(_include, file)) && !Matches(_exclude, file))];
        bool readable = asked.Any(file => file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".gguf", StringComparison.Ordinal));
        Regex[] other = _isDefault && readable ? [.. OtherWeights.Select(Pattern)] : [];
        return ([.. asked.Where(file => !Matches(other, file))], [.. asked.Where(file => Matches(other, file))]);
    }

    private static bool Matches(Regex[] patterns, string file) => Array.Exists(patterns, pattern => pattern.IsMatch(file));

    private static Regex Pattern(string glob)
    {
        if (glob.Length is 0 or > LongestPattern)
        {
            throw new ArgumentException($"A pattern of {glob.Length} characters cannot be used: expected 1 to {LongestPattern}.", nameof(glob));
        }

        string text = glob.EndsWith('/') ? glob + "*" : glob;
        var expression = new StringBuilder("^");
        for (int i = 0; i < text.Length; i++)
        {
            int close = text[i] == '[' ? text.IndexOf(']', Math.Min(i + 2, text.Length)) : -1;
            if (close > 0)
            {
                string set = text[(i + 1)..close];
                expression.Append('[').Append(set[0] == '!' ? "^" + Escaped(set[1..]) : Escaped(set)).Append(']');
                i = close;
            }
            else
            {
                expression.Append(text[i] switch { '*' => ".*", '?' => ".", char letter => Regex.Escape(letter.ToString()) });
            }
        }

        try
        {
            return new Regex(expression.Append('$').ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException)
        {
            throw new ArgumentException($"The pattern {HubFileName.Shown(glob)} cannot be used: a range in brackets runs backwards, or the brackets are empty.", nameof(glob));
        }
    }

    private static string Escaped(string set) => set.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("[", @"\[", StringComparison.Ordinal).Replace("^", @"\^", StringComparison.Ordinal);
}
