using System.Text.Json;
using Proximal.Internal;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Training;

namespace Proximal.Tokenization;

/// <summary>What a <see cref="TokenizerTrainer"/> found. Immutable.</summary>
public sealed class TrainedTokenizer
{
    private const string JsonName = "tokenizer.json";

    private readonly string _json;
    private readonly string _config;

    internal TrainedTokenizer(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary)
    {
        VocabularySize = vocabulary.Tokens.Count;
        Merges = [.. vocabulary.Merges.Select(merge => (vocabulary.Tokens[merge.Left], vocabulary.Tokens[merge.Right]))];
        _json = ByteLevelJson.Tokenizer(options, vocabulary);
        _config = ByteLevelJson.Configuration(options, vocabulary);
        using JsonDocument document = JsonDocument.Parse(_json);
        Tokenizer = new Tokenizer(
            TokenizerJson.Read(new JsonPlace(document.RootElement, JsonName, "$")),
            SpecialTokens.OfIds(IdOf(options.BosToken), IdOf(options.EosToken), IdOf(options.PadToken)));

        int? IdOf(string? token) => token is null ? null : vocabulary.IdOf(token);
    }

    /// <summary>Tokens in all: at most what was asked for; fewer when no pair was left that is frequent enough.</summary>
    public int VocabularySize { get; }

    /// <summary>The merges in the order in which they apply, spelled in the byte alphabet of GPT-2.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>The tokenizer, ready for use.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Writes tokenizer.json and tokenizer_config.json as Hugging Face's libraries read them.</summary>
    /// <param name="folder">The folder; it is made if it is missing, and its files of these names are replaced.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(Path.Combine(folder, JsonName), _json);
        AtomicFile.WriteText(Path.Combine(folder, SpecialTokens.ConfigFile), _config);
    }
}
