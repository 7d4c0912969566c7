using Proximal.ChatTemplates;
using Proximal.Models.Formats;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Writing;

/// <summary>Writes a tokenizer, wherever it comes from, as the metadata of a GGUF file.</summary>
internal static class GgufTokenizerWriter
{
    private const string Prefix = "tokenizer.";
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string KindsKey = "tokenizer.ggml.token_type";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string TemplateKey = "tokenizer.chat_template";
    private const string TemplatesKey = "tokenizer.chat_templates";

    /// <summary>Appends tokenizer and chat templates.</summary>
    /// <param name="path">The tokenizer's folder or file.</param>
    /// <param name="count">Ids that the model has.</param>
    /// <param name="target">Receives the key-values.</param>
    /// <returns>Where the file is not all that the tokenizer is, in words for people.</returns>
    /// <exception cref="TokenizerException">A file is missing or damaged, or a GGUF file cannot say what it says.</exception>
    public static IReadOnlyList<string> Write(string path, int count, GgufKeyValues target)
    {
        if (TokenizerLoader.GgufAt(path) is { } gguf)
        {
            GgufHeader header = GgufTokenizer.ReadHeader(gguf);
            Copy(header, count, target);
            WriteTemplates(ModelChatTemplate.TextsOf(path, header), target);
            return [];
        }

        GgufVocabulary vocabulary = Read(path, count, out GgufFrame frame);
        vocabulary.WriteTo(target, frame);
        WriteTemplates(ModelChatTemplate.TextsOf(path), target);
        return vocabulary.Notes;
    }

    private static GgufVocabulary Read(string path, int count, out GgufFrame frame)
    {
        string file = TokenizerLoader.FileOf(path);
        Tokenizer tokenizer = TokenizerLoader.Load(file);
        frame = GgufFrame.Of(tokenizer, file);
        TokenizerParts parts = tokenizer.Parts;
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (Path.GetFileName(file) is TokenizerLoader.VocabularyName or TokenizerLoader.MergesName)
        {
            string merges = Path.Combine(folder, TokenizerLoader.MergesName);
            return GgufByteLevel.OfPair(parts, File.ReadAllText(merges).Split('\n'), frame, count, merges);
        }

        if (parts.Model is not BytePairEncoding)
        {
            throw GgufObstacle.At(file, "", $"llama.cpp runs language models with byte pairs, this is {tokenizer.Kind}");
        }

        if (file.EndsWith(".model", StringComparison.Ordinal))
        {
            return GgufSentencePiece.OfFile(file, parts, frame, count);
        }

        using JsonFile json = JsonFile.Open(file);
        return json.Root.Required("model").Flag("byte_fallback", false)
            ? GgufSentencePiece.OfJson(json.Root, parts, frame, count)
            : GgufByteLevel.OfJson(json.Root, parts, frame, count);
    }

    /// <summary>The keys of another file, as they are; ids that its vocabulary lacks are filled up.</summary>
    private static void Copy(GgufHeader header, int count, GgufKeyValues target)
    {
        GgufTokenizer.Read(header); // refuses what it does not know
        string[] tokens = header.List<string>(TokensKey)!;
        if (tokens.Length > count)
        {
            throw GgufObstacle.At(header.File, TokensKey, $"it has {tokens.Length} tokens, the model only {count}", "Give the model's own tokenizer");
        }

        long[] kinds = header.List<long>(KindsKey) ?? [.. Enumerable.Repeat((long)SentencePieceKind.Normal, tokens.Length)];
        foreach ((string key, object value) in header.Metadata.Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal) && !IsTemplate(pair.Key) && pair.Key != KindsKey))
        {
            target.Add(key, key switch
            {
                TokensKey => (string[])[.. tokens, .. Enumerable.Range(tokens.Length, count - tokens.Length).Select(id => $"[PAD{id}]")],
                ScoresKey when value is double[] scores => (double[])[.. scores, .. new double[count - tokens.Length]],
                _ => value,
            });
        }

        target.Add(KindsKey, (long[])[.. kinds, .. Enumerable.Repeat((long)SentencePieceKind.Unused, count - tokens.Length)]);
    }

    private static bool IsTemplate(string key) => key == TemplatesKey || key == TemplateKey || key.StartsWith(TemplateKey + ".", StringComparison.Ordinal);

    private static void WriteTemplates(SortedDictionary<string, string> templates, GgufKeyValues target)
    {
        string[] others = [.. templates.Keys.Where(name => name != ModelChatTemplate.DefaultName)];
        if (others.Length > 0)
        {
            target.Add(TemplatesKey, others);
        }

        foreach ((string name, string text) in templates)
        {
            target.Add(name == ModelChatTemplate.DefaultName ? TemplateKey : $"{TemplateKey}.{name}", text);
        }
    }
}
