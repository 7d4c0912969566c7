namespace Proximal.Hub;

/// <summary>Models of a hub that have been pulled, under the names that people give where a path may stand.</summary>
internal static class HubModels
{
    /// <summary>What else may be named where a model's path is missing.</summary>
    public const string Hint = "or ORG/NAME of a hub once it is there: proximal pull ORG/NAME";

    /// <summary>The snapshot of ORG/NAME or ORG/NAME@REVISION in the cache; <see langword="null"/>: the text is no such name, or it has not been pulled.</summary>
    public static string? Find(string text) =>
        HubRepository.TryParse(text, out HubRepository? repository) ? HubCache.Find(HubSettings.Read().Cache, repository) : null;

    /// <summary>The end of a message about a path that is not there: how to get it where it is a model of a hub; else nothing.</summary>
    public static string Advice(string text) =>
        text.Count(letter => letter == '/') == 1 && HubRepository.TryParse(text, out _) ? $"; if it is a model of a hub, pull it first: proximal pull {text}" : string.Empty;
}
