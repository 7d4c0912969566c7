using System.Globalization;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Writing;

/// <summary>A token and its kind for each id of a model.</summary>
internal sealed class GgufTokens
{
    private GgufTokens(int count)
    {
        Texts = new string[count];
        Kinds = new SentencePieceKind[count];
    }

    /// <summary>The tokens; ids that no token has are filled with texts of their own.</summary>
    public string[] Texts { get; }

    /// <summary>What they are.</summary>
    public SentencePieceKind[] Kinds { get; }

    /// <summary>Lists a vocabulary.</summary>
    /// <param name="vocabulary">The tokens of the model of the tokenizer.</param>
    /// <param name="added">Tokens that are found before everything else.</param>
    /// <param name="roles">Ids with a role: they are control tokens.</param>
    /// <param name="count">Ids that the model has.</param>
    /// <param name="file">The file, for messages.</param>
    /// <param name="kindOf">What an ordinary token is.</param>
    /// <param name="spell">An ordinary token as the file has it.</param>
    /// <exception cref="TokenizerException">A GGUF file cannot say it.</exception>
    public static GgufTokens Of(
        Vocabulary vocabulary,
        IReadOnlyList<AddedToken> added,
        IEnumerable<int> roles,
        int count,
        string file,
        Func<int, SentencePieceKind> kindOf,
        Func<string, string> spell)
    {
        int size = Math.Max(vocabulary.Size, added.Select(token => token.Id + 1).DefaultIfEmpty(0).Max());
        if (size > count)
        {
            throw GgufObstacle.At(file, "", $"it has {size} tokens, the model only {count}", "Give the model's own tokenizer");
        }

        var tokens = new GgufTokens(count);
        foreach ((string text, int id) in vocabulary.Tokens)
        {
            tokens.Set(id, spell(text), kindOf(id));
        }

        foreach (AddedToken token in added)
        {
            RefuseStripping(token, file);
            tokens.Set(token.Id, token.Content, kindOf(token.Id) == SentencePieceKind.Unknown ? SentencePieceKind.Unknown : KindOf(token));
        }

        foreach (int id in roles.Where(id => id < size && tokens.Kinds[id] is not SentencePieceKind.Unknown))
        {
            tokens.Kinds[id] = SentencePieceKind.Control;
        }

        tokens.Fill();
        return tokens;
    }

    private void Set(int id, string text, SentencePieceKind kind)
    {
        Texts[id] = text;
        Kinds[id] = kind;
    }

    /// <summary>Special tokens, and those that are written like one: a text of a user must not give them.</summary>
    private static SentencePieceKind KindOf(AddedToken token) =>
        token.IsSpecial || (token.Content.StartsWith("<|", StringComparison.Ordinal) && token.Content.EndsWith("|>", StringComparison.Ordinal))
            ? SentencePieceKind.Control
            : SentencePieceKind.UserDefined;

    private static void RefuseStripping(AddedToken token, string file)
    {
        if (token.SingleWord || token.StripLeft || token.StripRight)
        {
            throw GgufObstacle.At(
                file, "added_tokens", $"\"{Vocabulary.Shorten(token.Content)}\" asks for single_word, lstrip or rstrip, which llama.cpp takes from no file");
        }
    }

    private void Fill()
    {
        HashSet<string> known = new(Texts.Where(text => !string.IsNullOrEmpty(text)), StringComparer.Ordinal);
        for (int id = 0; id < Texts.Length; id++)
        {
            if (string.IsNullOrEmpty(Texts[id]))
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
                while (!known.Add(text))
                {
                    text += "_";
                }

                Set(id, text, SentencePieceKind.Unused);
            }
        }
    }
}
