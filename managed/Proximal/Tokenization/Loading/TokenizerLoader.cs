using Proximal.Models.Formats;

namespace Proximal.Tokenization.Loading;

/// <summary>Finds out which files a path means and reads them.</summary>
internal static class TokenizerLoader
{
    /// <summary>The file of a whole tokenizer.</summary>
    public const string JsonName = "tokenizer.json";

    /// <summary>GPT-2's file of tokens.</summary>
    public const string VocabularyName = "vocab.json";

    /// <summary>GPT-2's file of merges.</summary>
    public const string MergesName = "merges.txt";

    private const string SentencePieceName = "tokenizer.model";

    /// <summary>Whether there are files to load.</summary>
    public static bool IsAt(string path) => Find(path) is not null || GgufPath.Of(path) is not null;

    /// <summary>The GGUF file that <see cref="Load"/> reads; <see langword="null"/>: it reads other files, or there are none.</summary>
    public static string? GgufAt(string path) => Directory.Exists(path) && Find(path) is not null ? null : GgufPath.Of(path);

    /// <summary>Loads a folder or a file.</summary>
    public static Tokenizer Load(string path)
    {
        string file = FileOf(path);
        if (!File.Exists(file))
        {
            throw new TokenizerException(
                ProximalStatus.Io, path, "", "no such file or folder", $"Name a folder with {JsonName}, or one of a tokenizer's files");
        }

        if (GgufPath.Of(file) is { } gguf)
        {
            return GgufTokenizer.Load(gguf);
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        SpecialTokens special = SpecialTokens.Read(folder);
        return new Tokenizer(ReadParts(file, folder, special), special);
    }

    /// <summary>The file that <see cref="Load"/> reads first.</summary>
    /// <exception cref="TokenizerException">The folder has none.</exception>
    public static string FileOf(string path) => Directory.Exists(path) ? FindIn(path) : path;

    private static string? Find(string folder) =>
        ((string[])[JsonName, VocabularyName, SentencePieceName])
            .Select(name => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    private static string FindIn(string folder) => Find(folder)
        ?? GgufPath.Of(folder)
        ?? throw new TokenizerException(
            ProximalStatus.Io,
            folder,
            "",
            $"the folder has none of {JsonName}, {VocabularyName} with {MergesName}, {SentencePieceName}, a .gguf file",
            "Put the model's tokenizer files there");

    private static TokenizerParts ReadParts(string file, string folder, SpecialTokens special)
    {
        switch (Path.GetFileName(file))
        {
            case VocabularyName or MergesName:
                return VocabularyAndMerges.Read(Path.Combine(folder, VocabularyName), Path.Combine(folder, MergesName), special);
            case string name when name.EndsWith(".model", StringComparison.Ordinal):
                return SentencePieceTokenizer.Read(file, folder);
            default:
                using (JsonFile json = JsonFile.Open(file))
                {
                    return TokenizerJson.Read(json.Root);
                }
        }
    }
}
