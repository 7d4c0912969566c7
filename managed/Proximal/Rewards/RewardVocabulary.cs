using Proximal.Models;

namespace Proximal.Rewards;

/// <summary>Reward models and the models whose responses they read must speak of the same tokens.</summary>
internal static class RewardVocabulary
{
    /// <summary>Throws unless every reward model among the rewards has as many token ids as the policy: it would read nonsense.</summary>
    public static void Check(IEnumerable<IReward> rewards, LanguageModel policy)
    {
        foreach (RewardModelReward model in rewards.OfType<RewardModelReward>())
        {
            if (model.VocabularySize != policy.Info.VocabularySize)
            {
                throw new ArgumentException(
                    $"The reward model '{model.Name}' has {model.VocabularySize} token ids, the policy {policy.Info.VocabularySize}: "
                    + "they must be of one tokenizer.");
            }
        }
    }
}
