using Proximal.Cli.Rows;
using Proximal.Models;

namespace Proximal.Cli.Models;

/// <summary>What a model accepts of a row, checked before the model sees it.</summary>
internal static class RowLimits
{
    /// <summary>Throws unless every token is in the vocabulary and the sequence fits the context.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="row">The row it is from.</param>
    /// <param name="room">Tokens that have to fit behind it.</param>
    public static void RequireFits(this LanguageModel model, ReadOnlySpan<int> tokens, InputRow row, int room = 0)
    {
        int longest = model.Info.ContextLength - room;
        if (tokens.IsEmpty)
        {
            throw row.Error("the text has no tokens: give a longer one");
        }

        if (tokens.Length > longest)
        {
            throw row.Error(
                $"{tokens.Length} tokens are more than the model's context of {model.Info.ContextLength}"
                + $"{(room > 0 ? $" less {room} for the response" : string.Empty)}: shorten it");
        }

        int bad = tokens.IndexOfAnyExceptInRange(0, model.Info.VocabularySize - 1);
        if (bad >= 0)
        {
            throw row.Error(
                $"token {bad} is {tokens[bad]}: the model's vocabulary is 0 to {model.Info.VocabularySize - 1}; correct the id, or use the model's own tokenizer");
        }
    }
}
