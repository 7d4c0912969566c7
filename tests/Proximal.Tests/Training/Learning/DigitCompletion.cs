using System.Globalization;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Tokenization;

namespace Proximal.Tests.Training.Learning;

/// <summary>
/// verl's digit completion: "a,b:m,n" is to be continued by the next n numbers of a, b, ... with the same difference
/// modulo m. Each right character in front of the first wrong one has 1 / (characters + 1), the end behind all of them too.
/// </summary>
internal static class DigitCompletion
{
    public const int Modulus = 9;
    public const int MostNumbers = 9;

    /// <summary>The characters, in the order of their token ids behind the three special ones.</summary>
    public const string Characters = "0123456789,:";

    /// <summary>Every prompt of the task, encoded.</summary>
    public static IReadOnlyList<Prompt> Prompts(Tokenizer tokenizer) =>
    [
        .. from first in Enumerable.Range(0, Modulus + 1)
           from difference in Enumerable.Range(0, Modulus + 1)
           from numbers in Enumerable.Range(0, MostNumbers + 1)
           let text = string.Create(CultureInfo.InvariantCulture, $"{first},{(first + difference) % Modulus}:{Modulus},{numbers}")
           select new Prompt { Text = text, Tokens = tokenizer.Encode(text) },
    ];

    /// <summary>What a prompt is to be continued by.</summary>
    public static string Answer(string prompt)
    {
        int[] parts = [.. prompt.Split(',', ':').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        int difference = (((parts[1] - parts[0]) % parts[2]) + parts[2]) % parts[2];
        return string.Join(',', Enumerable.Range(1, parts[3]).Select(i => (parts[1] + (i * difference)) % parts[2]));
    }

    /// <summary>The dense reward.</summary>
    public static DelegateReward Reward(Tokenizer tokenizer) => DelegateReward.OfTokens("digits", row =>
    {
        int[] answer = [.. tokenizer.Encode(Answer(row.PromptText), addSpecialTokens: false), tokenizer.EosTokenId!.Value];
        float[] rewards = new float[row.ResponseTokens.Length];
        for (int i = 0; i < rewards.Length && i < answer.Length && row.ResponseTokens[i] == answer[i]; i++)
        {
            rewards[i] = 1f / answer.Length;
        }

        return rewards;
    });
}
