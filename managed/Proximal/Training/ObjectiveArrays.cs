namespace Proximal.Training;

/// <summary>The arrays of an objective, before they are pinned; an empty one is not given.</summary>
internal ref struct ObjectiveArrays
{
    public ReadOnlySpan<float> OldLogProbs;
    public ReadOnlySpan<float> ReferenceLogProbs;
    public ReadOnlySpan<float> Advantages;
    public ReadOnlySpan<float> OldValues;
    public ReadOnlySpan<float> Returns;
    public ReadOnlySpan<float> Margins;
    public ReadOnlySpan<float> UpstreamLogProbs;
    public ReadOnlySpan<float> UpstreamEntropies;
    public ReadOnlySpan<float> UpstreamValues;
    public ReadOnlySpan<float> UpstreamScores;
}
