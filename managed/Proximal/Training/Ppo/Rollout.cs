using Proximal.Data;
using Proximal.Rollouts;

namespace Proximal.Training.Ppo;

/// <summary>What one PPO step learns from: prompts and responses, packed end to end, with all that was computed of them.</summary>
/// <remarks>
/// Letters: S sequences (prompt and response together), N tokens in all. Sequence s is Tokens[Offsets[s] .. Offsets[s + 1]),
/// its first PromptLengths[s] tokens are the prompt. Every per-token array has length N and speaks of its token as the
/// target, given those before it; entries of prompt tokens are 0. Each part of the step returns a rollout with more arrays
/// filled; those not yet filled are empty. The arrays belong to the rollout: do not change them.
/// </remarks>
public sealed record Rollout
{
    /// <summary>[N] token ids.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>[S + 1]: 0, then the end of each sequence.</summary>
    public required long[] Offsets { get; init; }

    /// <summary>[S] tokens of each prompt, at least 1.</summary>
    public required int[] PromptLengths { get; init; }

    /// <summary>[S] why each response ended.</summary>
    public required FinishReason[] FinishReasons { get; init; }

    /// <summary>[S] where the prompts came from; empty: unknown.</summary>
    public IReadOnlyList<Prompt> Prompts { get; init; } = [];

    /// <summary>[S] the responses as text; empty: there is no tokenizer.</summary>
    public IReadOnlyList<string> ResponseTexts { get; init; } = [];

    /// <summary>[N] log-probs recorded while sampling; empty: the responses came from elsewhere.</summary>
    public float[] SamplingLogProbs { get; init; } = [];

    /// <summary>[N] entropies recorded while sampling, nats; empty: the responses came from elsewhere.</summary>
    public float[] SamplingEntropies { get; init; } = [];

    /// <summary>[S] the reward's scores, before penalties and clip.</summary>
    public float[] Scores { get; init; } = [];

    /// <summary>[S] each: the reward's named components.</summary>
    public IReadOnlyDictionary<string, float[]> Components { get; init; } = new Dictionary<string, float[]>();

    /// <summary>[N] the reward's token rewards; empty: it gives none.</summary>
    public float[] TokenScores { get; init; } = [];

    /// <summary>[N] log-probs of the actor before the update, nats.</summary>
    public float[] LogProbs { get; init; } = [];

    /// <summary>[N] entropies of the distributions that the actor before the update gives each token, nats.</summary>
    public float[] Entropies { get; init; } = [];

    /// <summary>[N] log-probs of the reference, nats.</summary>
    public float[] ReferenceLogProbs { get; init; } = [];

    /// <summary>[N] values of the critic before the update.</summary>
    public float[] Values { get; init; } = [];

    /// <summary>[S] scores after penalties, before the clip.</summary>
    public float[] PenalizedScores { get; init; } = [];

    /// <summary>[N] each: the estimates of KL(actor || reference), nats.</summary>
    public KlEstimates Kl { get; init; } = KlEstimates.Empty;

    /// <summary>[N] rewards: -beta KL, token rewards, and the clipped score on the last token.</summary>
    public float[] Rewards { get; init; } = [];

    /// <summary>[N] advantages as GAE gives them.</summary>
    public float[] Advantages { get; init; } = [];

    /// <summary>[N] advantages as the policy loss takes them: whitened where that is on.</summary>
    public float[] PolicyAdvantages { get; init; } = [];

    /// <summary>[N] what the critic learns.</summary>
    public float[] Returns { get; init; } = [];

    /// <summary>S, the number of sequences.</summary>
    public int Sequences => PromptLengths.Length;

    /// <summary>N, the number of tokens.</summary>
    public int Count => Tokens.Length;

    /// <summary>Tokens of all responses.</summary>
    public int ResponseTokens => Count - PromptLengths.Sum();

    /// <summary>Packs generated responses behind their prompts.</summary>
    /// <param name="prompts">The prompt of each response.</param>
    /// <param name="generations">The responses.</param>
    public static Rollout Pack(IReadOnlyList<Prompt> prompts, IReadOnlyList<Generation> generations)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(generations);
        if (prompts.Count != generations.Count)
        {
            throw new ArgumentException(
                $"Expected one prompt a response, got {prompts.Count} prompts and {generations.Count} responses.", nameof(prompts));
        }

        long[] offsets = new long[generations.Count + 1];
        for (int s = 0; s < generations.Count; s++)
        {
            offsets[s + 1] = offsets[s] + generations[s].Prompt.Length + generations[s].Tokens.Length;
        }

        int[] tokens = new int[offsets[^1]];
        float[] logProbs = new float[offsets[^1]];
        float[] entropies = new float[offsets[^1]];
        for (int s = 0; s < generations.Count; s++)
        {
            Generation generation = generations[s];
            long response = offsets[s] + generation.Prompt.Length;
            generation.Prompt.CopyTo(tokens, offsets[s]);
            generation.Tokens.CopyTo(tokens, response);
            generation.LogProbs.CopyTo(logProbs, response);
            generation.Entropies.CopyTo(entropies, response);
        }

        return new Rollout
        {
            Tokens = tokens,
            Offsets = offsets,
            PromptLengths = [.. generations.Select(generation => generation.Prompt.Length)],
            FinishReasons = [.. generations.Select(generation => generation.FinishReason)],
            Prompts = prompts,
            SamplingLogProbs = logProbs,
            SamplingEntropies = entropies,
        };
    }

    /// <summary>Where the response of a sequence stands in per-token arrays.</summary>
    /// <param name="sequence">The sequence, 0 to S - 1.</param>
    public Range Response(int sequence) =>
        ((int)Offsets[sequence] + PromptLengths[sequence])..(int)Offsets[sequence + 1];

    /// <summary>Tokens of a response.</summary>
    /// <param name="sequence">The sequence, 0 to S - 1.</param>
    public int ResponseLength(int sequence) =>
        (int)(Offsets[sequence + 1] - Offsets[sequence]) - PromptLengths[sequence];

    /// <summary>[N] 1 for tokens of responses, 0 for tokens of prompts.</summary>
    public byte[] Mask()
    {
        byte[] mask = new byte[Count];
        for (int s = 0; s < Sequences; s++)
        {
            mask.AsSpan(Response(s)).Fill(1);
        }

        return mask;
    }

    /// <summary>Throws unless every array fits and every sequence has a prompt and a response.</summary>
    /// <exception cref="ArgumentException">An array does not fit; the text names it.</exception>
    public void Validate()
    {
        if (Sequences == 0 || Offsets.Length != Sequences + 1 || Offsets[0] != 0 || Offsets[^1] != Count)
        {
            throw new ArgumentException(
                $"Offsets must go from 0 to the {Count} tokens in {Sequences} steps, one a sequence, and there must be one.");
        }

        for (int s = 0; s < Sequences; s++)
        {
            if (PromptLengths[s] < 1 || ResponseLength(s) < 1)
            {
                throw new ArgumentException(
                    $"Sequence {s} has a prompt of {PromptLengths[s]} and a response of {ResponseLength(s)} tokens: both need one at least.");
            }
        }

        PerSequence(FinishReasons.Length, nameof(FinishReasons));
        Optional(Prompts.Count, Sequences, nameof(Prompts));
        Optional(ResponseTexts.Count, Sequences, nameof(ResponseTexts));
        Optional(Scores.Length, Sequences, nameof(Scores));
        Optional(SamplingLogProbs.Length, Count, nameof(SamplingLogProbs));
        Optional(SamplingEntropies.Length, Count, nameof(SamplingEntropies));
        Optional(TokenScores.Length, Count, nameof(TokenScores));
        Optional(LogProbs.Length, Count, nameof(LogProbs));
        Optional(ReferenceLogProbs.Length, Count, nameof(ReferenceLogProbs));
        Optional(Values.Length, Count, nameof(Values));
        foreach ((string name, float[] values) in Components)
        {
            PerSequence(values.Length, $"Components['{name}']");
        }
    }

    private void PerSequence(int length, string name)
    {
        if (length != Sequences)
        {
            throw new ArgumentException($"{name} has {length} entries: expected {Sequences}, one a sequence.");
        }
    }

    private static void Optional(int length, int expected, string name)
    {
        if (length != 0 && length != expected)
        {
            throw new ArgumentException($"{name} has {length} entries: expected {expected}, or none.");
        }
    }
}
