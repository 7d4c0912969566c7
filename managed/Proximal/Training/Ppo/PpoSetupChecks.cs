using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;

namespace Proximal.Training.Ppo;

/// <summary>Says before anything runs what does not fit together.</summary>
internal static class PpoSetupChecks
{
    /// <summary>Throws unless options, models and prompts fit.</summary>
    public static void Check(PpoSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup.Actor);
        ArgumentNullException.ThrowIfNull(setup.Reward);
        ArgumentNullException.ThrowIfNull(setup.Prompts);
        ArgumentNullException.ThrowIfNull(setup.Options);
        setup.Options.Validate();
        CheckHead(setup.Actor, ModelHead.LanguageModel, nameof(setup.Actor));
        CheckHead(setup.Reference, ModelHead.LanguageModel, nameof(setup.Reference));
        CheckHead(setup.Critic, ModelHead.Scalar, nameof(setup.Critic));
        CheckVocabulary(setup, setup.Reference, nameof(setup.Reference));
        CheckVocabulary(setup, setup.Critic, nameof(setup.Critic));
        if (setup.Ptx is { } ptx)
        {
            ptx.Validate();
            Sft.SftBatch.Check(setup.Actor, ptx.Examples, nameof(setup));
        }

        for (int i = 0; i < setup.Prompts.Count; i++)
        {
            CheckPrompt(setup, setup.Prompts[i], i);
        }
    }

    /// <summary>The stop tokens that the options name, or else the tokenizer's end.</summary>
    public static IReadOnlyList<int> StopTokens(PpoSetup setup)
    {
        IReadOnlyList<int> tokens = setup.Options.StopTokenIds
            ?? (setup.Tokenizer?.EosTokenId is { } end ? [end] : []);
        int vocabulary = setup.Actor.Info.VocabularySize;
        foreach (int token in tokens)
        {
            if (token < 0 || token >= vocabulary)
            {
                throw new ArgumentException($"The stop token {token} is none of the model's, 0 to {vocabulary - 1}: correct stop_token_ids.");
            }
        }

        return tokens;
    }

    /// <summary>Throws unless a rollout from elsewhere has what only its maker knows.</summary>
    public static void CheckGiven(Rollout rollout, PpoOptions options)
    {
        rollout.Validate();
        if (rollout.Scores.Length == 0)
        {
            throw new ArgumentException("The rollout has no scores: fill Scores, one a sequence.", nameof(rollout));
        }

        int bad = Array.FindIndex(rollout.Scores, score => !float.IsFinite(score));
        if (bad >= 0)
        {
            throw new ArgumentException($"The score of sequence {bad} is {rollout.Scores[bad]}: expected a finite number.", nameof(rollout));
        }

        if (rollout.Sequences < options.Minibatches)
        {
            throw new ArgumentException(
                $"{rollout.Sequences} sequences cannot be cut into {options.Minibatches} minibatches: give more, or lower Minibatches.",
                nameof(rollout));
        }
    }

    private static void CheckHead(LanguageModel? model, ModelHead head, string name)
    {
        if (model is not null && model.Info.Head != head)
        {
            throw new ArgumentException($"{name} needs a {head} head; the model has a {model.Info.Head} head.", name);
        }
    }

    private static void CheckVocabulary(PpoSetup setup, LanguageModel? model, string name)
    {
        if (model is not null && model.Info.VocabularySize != setup.Actor.Info.VocabularySize)
        {
            throw new ArgumentException(
                $"{name} has {model.Info.VocabularySize} token ids, the actor {setup.Actor.Info.VocabularySize}: "
                + "they must be of one tokenizer.",
                name);
        }
    }

    private static void CheckPrompt(PpoSetup setup, Prompt prompt, int index)
    {
        string what = prompt.Source is { } source ? $"The prompt {source}" : $"Prompt {index}";
        setup.Actor.ValidateSequence(prompt.Tokens, what, nameof(setup.Prompts));
        int most = PromptEncoder.LongestPrompt(setup.Actor.Info.ContextLength, setup.Options.MaxNewTokens);
        if (prompt.Tokens.Length == 0 || prompt.Tokens.Length > most)
        {
            throw new ArgumentException(
                $"{what} has {prompt.Tokens.Length} tokens: expected 1 to {most}, so that {setup.Options.MaxNewTokens} new ones "
                + $"fit the model's context of {setup.Actor.Info.ContextLength}.",
                nameof(setup));
        }
    }
}
