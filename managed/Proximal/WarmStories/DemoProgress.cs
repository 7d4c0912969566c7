namespace Proximal.WarmStories;

/// <summary>How far the demo is. Reported from its own thread.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Share">Share of the whole work that is done, 0 to 1, by the time that each part is expected to take.</param>
/// <param name="Text">What is under way, short.</param>
public sealed record DemoProgress(DemoStage Stage, double Share, string Text)
{
    /// <summary>Something to be told once, such as what a part came to; <see langword="null"/>: nothing.</summary>
    public string? Line { get; init; }
}
