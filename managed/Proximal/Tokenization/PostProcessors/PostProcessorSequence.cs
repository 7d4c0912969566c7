namespace Proximal.Tokenization.PostProcessors;

/// <summary>Several post-processors, one after another.</summary>
internal sealed class PostProcessorSequence(IReadOnlyList<IPostProcessor> steps) : IPostProcessor
{
    /// <inheritdoc/>
    public List<T> Frame<T>(List<T> tokens, Func<int, T> special) =>
        steps.Aggregate(tokens, (current, step) => step.Frame(current, special));

    /// <inheritdoc/>
    public void Trim(List<EncodedToken> tokens)
    {
        foreach (IPostProcessor step in steps)
        {
            step.Trim(tokens);
        }
    }
}
