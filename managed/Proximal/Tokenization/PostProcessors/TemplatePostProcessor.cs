namespace Proximal.Tokenization.PostProcessors;

/// <summary>Puts special tokens where a template says.</summary>
/// <param name="parts">Ids of special tokens; <see langword="null"/> where the text's own tokens go.</param>
internal sealed class TemplatePostProcessor(IReadOnlyList<int[]?> parts) : IPostProcessor
{
    /// <inheritdoc/>
    public List<T> Frame<T>(List<T> tokens, Func<int, T> special)
    {
        List<T> result = new(tokens.Count + parts.Count);
        foreach (int[]? ids in parts)
        {
            if (ids is null)
            {
                result.AddRange(tokens);
            }
            else
            {
                result.AddRange(ids.Select(special));
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public void Trim(List<EncodedToken> tokens)
    {
    }
}
