namespace Proximal.Models.Formats;

/// <summary>Which GGUF file a path means.</summary>
internal static class GgufPath
{
    private const string Extension = ".gguf";

    /// <summary>The path itself, or the only GGUF file of a folder without safetensors; <see langword="null"/>: none.</summary>
    /// <remarks>The same rule as the native loader's; a folder with several is left for it to refuse.</remarks>
    public static string? Of(string path)
    {
        if (!Directory.Exists(path))
        {
            return path.EndsWith(Extension, StringComparison.Ordinal) && File.Exists(path) ? path : null;
        }

        string[] files = Directory.GetFiles(path);
        bool hasTensors = Array.Exists(files, file =>
            file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".safetensors.index.json", StringComparison.Ordinal));
        string[] found = Array.FindAll(files, file => file.EndsWith(Extension, StringComparison.Ordinal));
        return !hasTensors && found.Length == 1 ? found[0] : null;
    }
}
