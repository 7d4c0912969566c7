namespace Proximal.Rewards;

/// <summary>Puts named components of consecutive batches together.</summary>
internal static class RewardColumns
{
    /// <summary>The components that every batch has, end to end; one that some batch lacks would have holes and is left out.</summary>
    public static Dictionary<string, float[]> Join(IReadOnlyList<IReadOnlyDictionary<string, float[]>> batches) =>
        batches[0].Keys
            .Where(name => batches.All(batch => batch.ContainsKey(name)))
            .ToDictionary(name => name, name => batches.SelectMany(batch => batch[name]).ToArray(), StringComparer.Ordinal);
}
