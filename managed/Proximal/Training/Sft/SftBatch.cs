using Proximal.Data;
using Proximal.Models;

namespace Proximal.Training.Sft;

/// <summary>Packs examples: weight 1 on the tokens to learn, 0 on the others.</summary>
internal static class SftBatch
{
    /// <summary>Some of the examples, end to end.</summary>
    public static PackedBatch Pack(IReadOnlyList<SftExample> examples, int[] items)
    {
        PackedBatch batch = PackedBatch.Pack([.. items.Select(item => examples[item].Tokens)]);
        float[] weights = new float[batch.Count];
        for (int i = 0; i < items.Length; i++)
        {
            Mark(examples[items[i]], weights.AsSpan((int)batch.Offsets[i]));
        }

        return batch.WithWeights(weights);
    }

    private static void Mark(SftExample example, Span<float> weights)
    {
        if (example.Learned.Length == 0)
        {
            weights.Slice(Math.Max(1, example.PromptTokens), example.TargetTokens).Fill(1);
            return;
        }

        for (int i = 1; i < example.Learned.Length; i++)
        {
            weights[i] = example.Learned[i] ? 1 : 0;
        }
    }

    /// <summary>Tokens to learn in some of the examples.</summary>
    public static long Targets(IReadOnlyList<SftExample> examples, int[] items) => items.Sum(item => (long)examples[item].TargetTokens);

    /// <summary>Throws unless the examples fit the model and each has something to learn.</summary>
    public static void Check(LanguageModel model, IReadOnlyList<SftExample> examples, string name)
    {
        for (int i = 0; i < examples.Count; i++)
        {
            string what = examples[i].Source is { } source ? $"The example {source}" : $"Example {i}";
            model.ValidateSequence(examples[i].Tokens, what, name);
            if (examples[i].Learned.Length > 0 && examples[i].Learned.Length != examples[i].Tokens.Length)
            {
                throw new ArgumentException(
                    $"{what} has {examples[i].Tokens.Length} tokens and says of {examples[i].Learned.Length} whether they are learned: expected one each.", name);
            }

            if (examples[i].TargetTokens < 1 || examples[i].PromptTokens < 0)
            {
                throw new ArgumentException(
                    $"{what} has {examples[i].Tokens.Length} tokens, {examples[i].PromptTokens} of them the prompt's: "
                    + "expected at least one token to learn behind at least one other.",
                    name);
            }
        }
    }
}
