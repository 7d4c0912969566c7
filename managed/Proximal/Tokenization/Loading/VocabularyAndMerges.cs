using System.Text;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.PreTokenizers;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads GPT-2's own pair of files: vocab.json and merges.txt.</summary>
/// <remarks>
/// They hold the model alone. The rest is GPT-2's: its split pattern and the byte alphabet; special are the tokens that
/// tokenizer_config.json gives a role. Its added_tokens_decoder is left alone: it describes the tokenizer.json beside it.
/// </remarks>
internal static class VocabularyAndMerges
{
    private const string Header = "#version";

    public static TokenizerParts Read(string vocabularyPath, string mergesPath, SpecialTokens special)
    {
        using JsonFile file = JsonFile.Open(vocabularyPath);
        Vocabulary vocabulary = ModelReader.ReadVocabulary(file.Root);
        return new TokenizerParts
        {
            Model = new BytePairEncoding(vocabulary, ReadMerges(mergesPath, vocabulary), new BytePairOptions()),
            PreTokenizer = new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true),
            Decoder = new ByteLevelDecoder(),
            AddedTokens =
            [
                .. special.Names
                    .Where(name => vocabulary.IdOf(name) >= 0)
                    .Select(name => new AddedToken { Id = vocabulary.IdOf(name), Content = name, IsSpecial = true }),
            ],
        };
    }

    private static MergeTable ReadMerges(string path, Vocabulary vocabulary)
    {
        string[] lines = ReadText(path).Split('\n');
        MergeTable merges = new(lines.Length);
        int rank = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0 || (i == 0 && line.StartsWith(Header, StringComparison.Ordinal)))
            {
                continue;
            }

            string[] parts = line.Split(' ');
            string? problem = parts.Length == 2
                ? ModelReader.AddMerge(merges, vocabulary, parts[0], parts[1], prefix: "", rank++)
                : "expected two tokens with one space between them";
            if (problem is not null)
            {
                throw new TokenizerException(
                    ProximalStatus.CorruptData, path, $"line {i + 1}", problem, "Fetch vocab.json and merges.txt of the same model");
            }
        }

        return merges;
    }

    private static string ReadText(string path)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(FileBytes.Read(path));
        }
        catch (DecoderFallbackException exception)
        {
            throw new TokenizerException(
                ProximalStatus.CorruptData, path, "", $"no valid UTF-8: {exception.Message}", "Fetch the file again");
        }
    }
}
